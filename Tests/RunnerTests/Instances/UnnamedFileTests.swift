import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    @Suite struct UnnamedFileTests {
        @Test func `what an instance has in its volume without a name is told, and what it has in memory is not`()
            async throws
        {
            try await withRunner { fixture in
                let volume = fixture.directory.path("volume")
                for folder in [volume, "\(fixture.app)/data"] {
                    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                    chown(folder, RunnerFixture.account, RunnerFixture.account)
                }
                try fixture.write(
                    "s.js",
                    """
                    const fs = require('fs');
                    const files = [];
                    require('http').createServer((request, response) => {
                        const path = `${request.url}/file`;
                        files.push(fs.openSync(path, 'w'));
                        fs.unlinkSync(path);
                        fs.writeSync(files.at(-1), Buffer.alloc(3 << 20, 1));
                        fs.fsyncSync(files.at(-1));
                        response.end('written');
                    }).listen(process.env.PORT);
                    """)
                let plan = RunPlan(kind: .web, command: ["node", "s.js"], readySeconds: 30, readiness: .tcp)
                let specification = InstanceSpecification(
                    id: ID(), channel: ID(), release: ID(), directory: fixture.app, plan: plan, environment: [:],
                    account: RunnerFixture.account, limits: .instanceDefault,
                    volumes: [VolumeMount(source: volume, path: "data")])
                let endpoint = try await fixture.runner.start(specification, log: RecordingLogSink())
                #expect(await fixture.runner.unnamedBytes(of: endpoint.id) == 0)
                #expect(await get(endpoint.host, endpoint.port, "/tmp") == "written")
                #expect(await fixture.runner.unnamedBytes(of: endpoint.id) == 0)
                #expect(await get(endpoint.host, endpoint.port, "/app/data") == "written")
                #expect(await fixture.runner.unnamedBytes(of: endpoint.id) >= 3 << 20)
                await fixture.runner.stop(endpoint.id, grace: 0)
                #expect(await fixture.runner.unnamedBytes(of: endpoint.id) == 0)
            }
        }
    }
}
