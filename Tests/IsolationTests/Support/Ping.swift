import Foundation
import ServerTestSupport

/// ICMP echo requests of root's.
enum Ping {
    /// Those of the addresses that answer the host, or root in a network namespace. Takes a second and a half.
    static func answering(_ addresses: [String], inside namespace: String? = nil) async throws -> Set<String> {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Probes/ping.pl").path
        let place = namespace.map { ["nsenter", "--net=\($0)", "--"] } ?? []
        let result = try await run(place + ["perl", script] + addresses)
        guard result.status == 0 else { throw HTTPFailure(description: "ping: \(result.errorText)") }
        return Set(result.output.split(separator: "\n").map(String.init))
    }
}
