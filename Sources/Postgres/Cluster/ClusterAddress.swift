import Foundation

/// What the host's addresses allow at this moment. IPv4 and IPv6 in numbers, no names.
enum ClusterAddress {
    /// Whether a listener could be put on `address`; port 0 asks for the address alone.
    static func canBind(_ address: String, port: Int) -> Bool {
        withSocket(address, port: port) { descriptor, address, length in
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            return bind(descriptor, address, length) == 0
        }
    }

    /// Whether something accepts connections at `address`. For addresses of this machine, which answer at once.
    static func accepts(_ address: String, port: Int) -> Bool {
        withSocket(address, port: port) { descriptor, address, length in connect(descriptor, address, length) == 0 }
    }

    private static func withSocket(
        _ address: String, port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &list) == 0, let list else { return false }
        defer { freeaddrinfo(list) }
        let descriptor = socket(list.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, let name = list.pointee.ai_addr else { return false }
        defer { close(descriptor) }
        return body(descriptor, name, list.pointee.ai_addrlen)
    }
}
