import Control
import ControlTestSupport
import Core
import Foundation
import Hummingbird
import HummingbirdTesting
import TestSupport
import Testing

@testable import API

/// Events over a socket, to the client that people use.
@Suite("A stream of events")
struct CutStreamTests {
    @Test func `attack 3: ends when the token is revoked that it was asked for with`() async throws {
        let api = TestAPI()
        let token = try await api.token()
        let app = try await api.app(token: token)
        // A deploy that goes on for as long as anybody looks.
        api.platform.builder.use { _, _ throws(PlatformError) in
            try? await Task.sleep(for: .seconds(600))
            throw PlatformError(.cancelled, "stopped")
        }
        api.platform.repository.move(.master, to: api.platform.commit("a"), app: try #require(ID(app.id)))
        let queued = try await api.call(
            .post, "/apps/\(app.id)/channels/\(app.prod)/deploy", token: token, body: #"{"sha":"HEAD"}"#)
        let deploy = try #require(queued.object["deploy_id"] as? String)
        let folder = try TemporaryDirectory("berth-curl")
        let file = folder.path("events")
        let server = Application(
            router: APIServer(control: api.platform.control).router(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)), logger: TestAPI.logger)
        try await server.test(.live) { client in
            let port = try #require(client.port)
            let process = try RunningCommand(
                "/usr/bin/curl",
                [
                    "-sS", "--no-buffer", "--max-time", "60", "-H", "Authorization: Bearer \(token)", "-o", file,
                    "http://127.0.0.1:\(port)/apps/\(app.id)/deploys/\(deploy)/events",
                ], folder: folder.path, environment: ["PATH": "/usr/bin:/bin"])
            func text() -> String {
                String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
            }
            #expect(await eventually { text().contains("git-sync: resolved") })
            let alice = try await api.platform.control.tokens.authenticate(token)
            try await api.platform.control.tokens.revoke(alice.token, by: alice)
            // At curl's own limit of time it would be 28.
            #expect(await process.outcome().status == 0)
            #expect(!text().contains("event: end"))
        }
        await api.platform.control.close(grace: .zero)
    }
}
