import Core
import Foundation
import Logging

@testable import Runner

/// A network namespace behind a link of the host, with an HTTP server on every address that answers with the address
/// that it saw. Plays what lies outside the machine.
final class OutsideNetwork: Sendable {
    /// The host's end of the link.
    static let hostAddress = "203.0.113.1"

    let addresses: [String]
    let port = 8099
    private let namespace: String
    private let server: Process

    init(addresses: [String]) async throws {
        self.addresses = addresses
        let name = "bo\(getpid())"
        let (namespace, link) = (name, name)
        self.namespace = namespace
        let ip = ProgramPaths.found().ip
        let commands = HostCommands(logger: RunnerFixture.logger)
        let peer = link + "p"
        try await commands.succeed(ip, ["netns", "add", namespace])
        try await commands.succeed(
            ip, ["link", "add", link, "type", "veth", "peer", "name", peer, "netns", namespace])
        try await commands.succeed(
            ip, ["-batch", "-"],
            input: "addr add \(Self.hostAddress)/24 dev \(link)\nlink set \(link) up\n")
        var inside = "link set lo up\nlink set \(peer) up\n"
        for (index, address) in addresses.enumerated() {
            inside += "addr add \(address)/\(index == 0 ? 24 : 32) dev \(peer)\n"
        }
        try await commands.succeed(ip, ["-n", namespace, "-batch", "-"], input: inside)
        let routes = addresses.dropFirst().map { "route add \($0)/32 via \(addresses[0]) dev \(link)\n" }.joined()
        try await commands.succeed(ip, ["-batch", "-"], input: routes)
        let server = Process()
        self.server = server
        server.executableURL = URL(fileURLWithPath: ip)
        server.arguments = [
            "netns", "exec", namespace, "node", "-e",
            "require('http').createServer((q, r) => r.end(q.socket.remoteAddress.replace('::ffff:', ''))).listen(8099)",
        ]
        try server.run()
    }

    func stop() {
        if server.isRunning { kill(server.processIdentifier, SIGKILL) }
        server.waitUntilExit()
        let ip = Process()
        ip.executableURL = URL(fileURLWithPath: ProgramPaths.found().ip)
        ip.arguments = ["netns", "delete", namespace]
        try? ip.run()
        ip.waitUntilExit()
    }
}
