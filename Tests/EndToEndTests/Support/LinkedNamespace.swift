import Foundation
import ServerTestSupport
import TestSupport

/// Another machine, as far as this one can tell: a network namespace behind a link of the host.
struct LinkedNamespace {
    let name: String

    /// - Parameters:
    ///   - prefix: two letters, of which there is one namespace at a time.
    ///   - near: the host's end of the link; with `far` in a network of four addresses.
    static func make(_ prefix: String, near: String, far: String) async throws -> LinkedNamespace {
        let name = "\(prefix)\(ProcessInfo.processInfo.processIdentifier % 100_000)"
        let namespace = LinkedNamespace(name: name)
        try await succeed("ip", "netns", "add", name)
        do {
            try await succeed("ip", "link", "add", name, "type", "veth", "peer", "name", "\(name)p", "netns", name)
            try await succeed("ip", "addr", "add", "\(near)/30", "dev", name)
            try await succeed("ip", "link", "set", name, "up")
            try await succeed("ip", "-n", name, "addr", "add", "\(far)/30", "dev", "\(name)p")
            try await succeed("ip", "-n", name, "link", "set", "\(name)p", "up")
            try await succeed("ip", "-n", name, "link", "set", "lo", "up")
            try await succeed("ip", "-n", name, "route", "add", "default", "via", near)
            return namespace
        } catch {
            try? await namespace.remove()
            throw error
        }
    }

    /// Starts a program in it.
    func start(_ command: [String]) throws -> ChildProcess {
        try ChildProcess(["ip", "netns", "exec", name] + command, environment: TestEnvironment.plain)
    }

    /// When nothing runs in it any more.
    func remove() async throws { try await Self.succeed("ip", "netns", "delete", name) }

    /// Runs a command of the host's that must exit with 0.
    static func succeed(_ command: String...) async throws {
        let result = try await run(command)
        guard result.status == 0 else { throw HTTPFailure(description: "\(command): \(result.errorText)") }
    }
}
