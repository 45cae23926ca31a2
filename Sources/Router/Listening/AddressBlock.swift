#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A range of IP addresses: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`.
public struct AddressBlock: Sendable, Hashable {
    private let bytes: [UInt8]
    private let bits: Int

    /// `nil` for what is none.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bytes = Self.bytes(String(parts[0])) else { return nil }
        guard let bits = parts.count == 1 ? bytes.count * 8 : Int(parts[1]), (0...bytes.count * 8).contains(bits) else {
            return nil
        }
        self.bytes = bytes
        self.bits = bits
    }

    /// Holds no address.
    static let none = AddressBlock(bytes: [], bits: 0)

    private init(bytes: [UInt8], bits: Int) {
        self.bytes = bytes
        self.bits = bits
    }

    /// The IPv4 address in an IPv6 one that is mapped from it.
    static func mappedV4(_ address: String) -> String? {
        guard let bytes = bytes(address), bytes.count == 4 else { return nil }
        return bytes.map(String.init).joined(separator: ".")
    }

    /// The first 64 bits of an IPv6 address; an IPv4 address as it is. `nil` for what is none.
    static func network(of address: String) -> String? {
        guard let bytes = bytes(address) else { return nil }
        guard bytes.count == 16 else { return bytes.map(String.init).joined(separator: ".") }
        return bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ".") + "/64"
    }

    /// - Parameter address: an IP address as text.
    public func contains(_ address: String) -> Bool {
        guard let other = Self.bytes(address), other.count == bytes.count else { return false }
        for bit in 0..<bits where (bytes[bit / 8] ^ other[bit / 8]) & (0x80 >> UInt8(bit % 8)) != 0 { return false }
        return true
    }

    /// Network order; an IPv4 address in IPv6 clothes (RFC 4291 section 2.5.5.2) is an IPv4 address.
    private static func bytes(_ text: String) -> [UInt8]? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return withUnsafeBytes(of: &v4) { Array($0) } }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: &v6) { Array($0) }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        return bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : bytes
    }
}
