import Glibc

/// Hears of every change of the host's nftables rules: a netlink socket in the kernel's group for them (netlink(7);
/// `NFNLGRP_NFTABLES` of linux/netfilter/nfnetlink.h). What changed is not read; that something did is enough.
final class FirewallWatch: Sendable {
    private static let netfilterProtocol: Int32 = 12
    private static let nftablesGroup: UInt32 = 7

    /// `sockaddr_nl` (netlink(7)).
    private struct Address {
        var family = UInt16(AF_NETLINK)
        var padding: UInt16 = 0
        /// Chosen by the kernel.
        var port: UInt32 = 0
        /// A bit a group, the lowest for group 1.
        var groups = 1 << (FirewallWatch.nftablesGroup - 1)
    }

    private let descriptor: Int32

    /// `nil` when the kernel has no such group.
    init?() {
        descriptor = socket(
            AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue),
            Self.netfilterProtocol)
        guard descriptor >= 0 else { return nil }
        let descriptor = descriptor
        var address = Address()
        let isBound = withUnsafePointer(to: &address) { pointer in
            UnsafeRawPointer(pointer).withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<Address>.size)) == 0
            }
        }
        guard isBound else { return nil }
    }

    deinit { close(descriptor) }

    /// Whether anything changed since the last call.
    func hasChanged() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 8192)
        var hasChanged = false
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                hasChanged = true
            } else if count < 0, errno == ENOBUFS {
                // More than the socket could hold: that too is a change.
                hasChanged = true
            } else if count < 0, errno == EINTR {
                continue
            } else {
                return hasChanged
            }
        }
    }
}
