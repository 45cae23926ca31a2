import Foundation

/// A /24 for the containers of one server that no other server of this machine's test runs has at the same time.
/// Held by a file lock, which ends with this process whatever happens.
package final class SubnetLease: Sendable {
    /// `10.2NN.0.0/24`
    package let subnet: String
    /// Its first address, the bridge's.
    package let gateway: UInt32
    private let descriptor: Int32
    private let path: String

    package init() throws {
        let addresses = Self.interfaceAddresses()
        for number in 0..<56 {
            let network = 10 << 24 | UInt32(200 + number) << 16
            // A server that was killed leaves its bridge, and an operator's network may be there.
            guard !addresses.contains(where: { $0 & 0xffff_ff00 == network }) else { continue }
            let path = "/tmp/berth-e2e-subnet-\(number).lock"
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                self.descriptor = descriptor
                self.path = path
                subnet = "10.\(200 + number).0.0/24"
                gateway = network | 1
                return
            }
            close(descriptor)
        }
        throw DeadlineExceeded(description: "no free subnet")
    }

    deinit {
        unlink(path)
        close(descriptor)
    }

    /// The IPv4 addresses of this machine's interfaces, in host byte order.
    private static func interfaceAddresses() -> [UInt32] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        return sequence(first: list, next: { $0?.pointee.ifa_next }).compactMap { item in
            guard let address = item?.pointee.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET)
            else { return nil }
            return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt32(bigEndian: $0.pointee.sin_addr.s_addr)
            }
        }
    }
}
