import Foundation
import ServerTestSupport
import TestSupport

/// A web server with repositories, outside of this machine: a network namespace of its own behind a link of the host, with
/// a public address. Its files are read over HTTPS, without a git server behind it.
final class GitHost: Sendable {
    static let address = "203.0.113.66"
    static let port = 8443
    /// Of the authority that signed the server's certificate, PEM.
    let authority: String
    private let name: String
    private let directory: TemporaryDirectory
    private let server: ChildProcess

    /// Serves the bare repositories that `fill` makes in a folder.
    static func start(_ fill: (String) async throws -> Void) async throws -> GitHost {
        let directory = try TemporaryDirectory("berth-git-host")
        let name = "bg\(ProcessInfo.processInfo.processIdentifier % 100_000)"
        let root = directory.path("root")
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
        try await fill(root)
        let (key, certificate) = (directory.path("key.pem"), directory.path("cert.pem"))
        try await succeed(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=\(address)", "-addext", "subjectAltName=IP:\(address)", "-keyout", key, "-out",
            certificate)
        try await succeed("ip", "netns", "add", name)
        do {
            try await succeed("ip", "link", "add", name, "type", "veth", "peer", "name", "\(name)p", "netns", name)
            try await succeed("ip", "addr", "add", "203.0.113.65/30", "dev", name)
            try await succeed("ip", "link", "set", name, "up")
            try await succeed("ip", "-n", name, "addr", "add", "\(address)/30", "dev", "\(name)p")
            try await succeed("ip", "-n", name, "link", "set", "\(name)p", "up")
            try await succeed("ip", "-n", name, "route", "add", "default", "via", "203.0.113.65")
            let host = try GitHost(
                name: name, directory: directory, root: root, key: key, certificate: certificate)
            try await eventually("the git host answers") {
                try await run(["curl", "--silent", "--cacert", certificate, "https://\(address):\(port)/"]).status == 0
            }
            return host
        } catch {
            try? await succeed("ip", "netns", "delete", name)
            throw error
        }
    }

    private init(name: String, directory: TemporaryDirectory, root: String, key: String, certificate: String) throws {
        self.name = name
        self.directory = directory
        authority = try String(contentsOfFile: certificate, encoding: .utf8)
        let script = """
            import http.server, ssl, sys, os
            os.chdir(sys.argv[1])
            server = http.server.ThreadingHTTPServer(('\(Self.address)', \(Self.port)), http.server.SimpleHTTPRequestHandler)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[3], sys.argv[2])
            server.socket = context.wrap_socket(server.socket, server_side=True)
            server.serve_forever()
            """
        server = try ChildProcess(
            ["ip", "netns", "exec", name, "python3", "-c", script, root, key, certificate],
            environment: TestEnvironment.plain)
    }

    func stop() async throws {
        kill(server.processID, SIGKILL)
        _ = await server.end()
        try await Self.succeed("ip", "netns", "delete", name)
    }

    private static func succeed(_ command: String...) async throws {
        let result = try await run(command)
        guard result.status == 0 else { throw HTTPFailure(description: "\(command): \(result.errorText)") }
    }
}
