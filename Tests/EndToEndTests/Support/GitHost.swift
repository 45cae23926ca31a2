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
    private let namespace: LinkedNamespace
    private let directory: TemporaryDirectory
    private let server: ChildProcess

    /// Serves the bare repositories that `fill` makes in a folder.
    static func start(_ fill: (String) async throws -> Void) async throws -> GitHost {
        let directory = try TemporaryDirectory("berth-git-host")
        let root = directory.path("root")
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
        try await fill(root)
        let (key, certificate) = (directory.path("key.pem"), directory.path("cert.pem"))
        try await LinkedNamespace.succeed(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=\(address)", "-addext", "subjectAltName=IP:\(address)", "-keyout", key, "-out",
            certificate)
        let namespace = try await LinkedNamespace.make("bg", near: "203.0.113.65", far: address)
        do {
            let host = try GitHost(
                namespace: namespace, directory: directory, root: root, key: key, certificate: certificate)
            try await eventually("the git host answers") {
                try await run(["curl", "--silent", "--cacert", certificate, "https://\(address):\(port)/"]).status == 0
            }
            return host
        } catch {
            try? await namespace.remove()
            throw error
        }
    }

    private init(
        namespace: LinkedNamespace, directory: TemporaryDirectory, root: String, key: String, certificate: String
    ) throws {
        self.namespace = namespace
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
        server = try namespace.start(["python3", "-c", script, root, key, certificate])
    }

    func stop() async throws {
        kill(server.processID, SIGKILL)
        _ = await server.end()
        try await namespace.remove()
    }
}
