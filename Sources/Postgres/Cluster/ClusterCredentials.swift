import Core
import Foundation

/// The superuser's password and the cluster's port: made once, kept in `<data>/secrets`, mode 0600. Apps have the port in
/// their `DATABASE_URL`, so it does not change.
struct ClusterCredentials: Sendable {
    let password: String
    let port: Int

    /// Below the range that the kernel takes for outgoing connections (ip(7), `ip_local_port_range`), so that none of them
    /// sits on the port at the next start.
    private static let ports = 20_000..<32_000

    /// Reads both, making what is missing. Throws when the cluster has been made and its password is gone. Blocks.
    static func load(_ layout: ClusterLayout, addresses: [String]) throws -> ClusterCredentials {
        try ClusterFile.makeDirectory(layout.secrets)
        let password: String
        if let kept = ClusterFile.read(layout.password), !kept.isEmpty {
            password = kept
        } else if FileManager.default.fileExists(atPath: layout.data) {
            throw PlatformError(
                .databaseUnavailable, "the file secrets/postgres.password is missing; restore it with the cluster")
        } else {
            var generator = SystemRandomNumberGenerator()
            password = (0..<4).map { _ in String(generator.next(), radix: 36) }.joined()
            try ClusterFile.write(password, to: layout.password)
        }
        if let port = ClusterFile.read(layout.port).flatMap(Int.init), (1...65_535).contains(port) {
            return ClusterCredentials(password: password, port: port)
        }
        let port = try freePort(addresses)
        try ClusterFile.write(String(port), to: layout.port)
        return ClusterCredentials(password: password, port: port)
    }

    private static func freePort(_ addresses: [String]) throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: ports)
            if addresses.allSatisfy({ ClusterAddress.canBind($0, port: port) }) { return port }
        }
        throw PlatformError(.databaseUnavailable, "no free port was found for Postgres")
    }
}
