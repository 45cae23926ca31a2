import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

extension RealContainers {
    @Suite struct CrashLoopTests {
        @Test func `the log of an app that crashes again and again stays within its limit, for its server only`()
            async throws
        {
            let limit = 1 << 20
            try await withRunner(configure: { $0.logSizeLimit = limit }) { fixture in
                let service = Task { try await fixture.runner.run() }
                defer { service.cancel() }
                // Each life writes less than the limit, so that conmon never begins the log anew.
                let script = """
                    // What console.log has not handed over is lost with the process.
                    const fs = require('fs');
                    function say(text) {
                      for (let bytes = Buffer.from(text); bytes.length;) {
                        try { bytes = bytes.subarray(fs.writeSync(1, bytes)); } catch (error) { if (error.code != 'EAGAIN') throw error; }
                      }
                    }
                    require('http').createServer((q, r) => {
                      if (q.url != '/die') return r.end('up');
                      for (let i = 0; i < 200; i++) say(i + ' ' + 'x'.repeat(4000) + '\\n');
                      process.exit(3);
                    }).listen(process.env.PORT);
                    """
                var restarts = fixture.runner.restarts().makeAsyncIterator()
                let endpoint = try await fixture.startNode(script)
                let path = fixture.runner.logPath(endpoint.id)
                for life in 1...4 {
                    #expect(await eventually { await get(endpoint.host, endpoint.port) == "up" })
                    _ = await get(endpoint.host, endpoint.port, "/die")
                    let restart = await restarts.next()
                    #expect(restart?.reason == "exited with status 3")
                    let attributes = try FileManager.default.attributesOfItem(atPath: path)
                    let size = try #require(attributes[.size] as? Int)
                    #expect(size > 200 << 10 && size <= ContainerLog.tailBytes + limit, "\(size) after life \(life)")
                    #expect(attributes[.posixPermissions] as? Int == 0o600)
                }
                let output = await fixture.runner.recentOutput(endpoint.id, lines: 20)
                #expect(output.contains { $0.hasPrefix("199 xxx") })
                #expect(output.contains { $0.hasPrefix("berth: the app exited with status 3; restarting in") })
            }
        }
    }
}
