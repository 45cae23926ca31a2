import Control
import ControlTestSupport
import Core
import Foundation
import Hummingbird
import HummingbirdTesting
import Synchronization
import TestSupport
import Testing

@testable import API

/// A dump over a socket, to the client that people use.
@Suite("A dump that ends midway")
struct CutDumpTests {
    /// Has always more to give.
    private final class EndlessDump: DatabaseDump {
        private let closed = Mutex(false)
        var isClosed: Bool { closed.withLock { $0 } }

        func next() async throws(PlatformError) -> [UInt8]? {
            try? await Task.sleep(for: .milliseconds(1))
            return Array(repeating: UInt8(ascii: "x"), count: 1000)
        }

        func close() async { closed.withLock { $0 = true } }
    }

    @Test("because its token was revoked makes curl exit with 18")
    func attack3ATokenRevokedDuringADump() async throws {
        let api = TestAPI()
        let token = try await api.token()
        let app = try await api.app(token: token)
        let path = "/apps/\(app.id)/channels/\(app.prod)"
        _ = try await api.database(path, token: token)
        let folder = try TemporaryDirectory("berth-curl")
        let dump = EndlessDump()
        api.platform.provisioner.dump(dump)
        try await server(api).test(.live) { client in
            let file = folder.path("dump.sql")
            let process = try curl(try #require(client.port), path, token: token, file: file, folder: folder)
            #expect(await eventually { (FileManager.default.contents(atPath: file)?.count ?? 0) > 0 })
            let alice = try await api.platform.control.tokens.authenticate(token)
            try await api.platform.control.tokens.revoke(alice.token, by: alice)
            #expect(await process.outcome().status == 18)
            #expect(await eventually { dump.isClosed })
        }
    }

    private func server(_ api: TestAPI) -> some ApplicationProtocol {
        Application(
            router: APIServer(control: api.platform.control).router(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)), logger: TestAPI.logger)
    }

    private func curl(
        _ port: Int, _ path: String, token: String, file: String, folder: TemporaryDirectory
    ) throws -> RunningCommand {
        try RunningCommand(
            "/usr/bin/curl",
            [
                "-sS", "--no-buffer", "--max-time", "60", "-H", "Authorization: Bearer \(token)", "-o", file,
                "http://127.0.0.1:\(port)\(path)/postgres/dump",
            ], folder: folder.path, environment: ["PATH": "/usr/bin:/bin"])
    }

    @Test("because pg_dump failed makes curl exit with 18, and a whole one with 0")
    func failure() async throws {
        let api = TestAPI()
        let token = try await api.token()
        let app = try await api.app(token: token)
        let path = "/apps/\(app.id)/channels/\(app.prod)"
        _ = try await api.database(path, token: token)
        let folder = try TemporaryDirectory("berth-curl")
        try await server(api).test(.live) { client in
            let port = try #require(client.port)
            func fetch(_ dump: ScriptedDump) async throws -> (status: Int32, text: String) {
                api.platform.provisioner.dump(dump)
                let file = folder.path("dump.sql")
                let process = try curl(port, path, token: token, file: file, folder: folder)
                let outcome = await process.outcome()
                return (outcome.status, (try? String(contentsOfFile: file, encoding: .utf8)) ?? "")
            }
            let pieces = (0..<200).map { "-- line \($0) \(String(repeating: "x", count: 1000))\n" }
            let whole = try await fetch(ScriptedDump(pieces: pieces))
            #expect(whole.status == 0 && whole.text == pieces.joined())
            let cut = try await fetch(
                ScriptedDump(pieces: pieces, failure: PlatformError(.badGateway, "pg_dump failed")))
            #expect(cut.status == 18)
            #expect(pieces.joined().hasPrefix(cut.text))
        }
    }
}
