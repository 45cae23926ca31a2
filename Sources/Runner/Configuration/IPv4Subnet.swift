/// An IPv4 address range in CIDR form (RFC 4632).
public struct IPv4Subnet: Sendable, Hashable {
    public static let standard = IPv4Subnet(base: 10 << 24 | 210 << 16, prefix: 16)

    /// First address, host order, host bits zero.
    let base: UInt32
    public let prefix: Int

    init(base: UInt32, prefix: Int) {
        self.prefix = prefix
        self.base = base & Self.mask(prefix)
    }

    /// Reads `10.210.0.0/16`; `nil` when it is not of that form or has host bits set.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let prefix = Int(parts[1]), (0...32).contains(prefix),
            let address = Self.address(String(parts[0])), address & Self.mask(prefix) == address
        else { return nil }
        self.init(base: address, prefix: prefix)
    }

    /// The first usable address, the containers' way out.
    public var gateway: String { Self.text(base + 1) }
    var netmask: UInt32 { Self.mask(prefix) }

    func contains(_ address: String) -> Bool {
        Self.address(address).map { $0 & netmask == base } ?? false
    }

    func overlaps(_ other: IPv4Subnet) -> Bool {
        let shorter = Self.mask(min(prefix, other.prefix))
        return base & shorter == other.base & shorter
    }

    /// The 32-bit value of dotted decimal text.
    static func address(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let octet = UInt8(part)
            else { return nil }
            value = value << 8 | UInt32(octet)
        }
        return value
    }

    static func text(_ address: UInt32) -> String {
        [24, 16, 8, 0].map { String(address >> $0 & 0xff) }.joined(separator: ".")
    }

    private static func mask(_ prefix: Int) -> UInt32 { prefix == 0 ? 0 : ~0 << (32 - UInt32(prefix)) }
}

extension IPv4Subnet: CustomStringConvertible {
    public var description: String { "\(Self.text(base))/\(prefix)" }
}
