/// Reads `rootfs`: `host`, or a mapping with the packages that make one.
struct RootfsParser {
    private static let limit = 200

    let top: YAMLMapping

    /// `nil` for the host's.
    func packages() -> [String]? {
        guard top.has("rootfs"), !top.isText("rootfs") else {
            if let text = top.text("rootfs"), text != "host" {
                top.report("rootfs must be host, or a mapping with packages", at: "rootfs")
            }
            return nil
        }
        guard let mapping = top.mapping("rootfs", known: ["packages"]) else { return nil }
        let packages = mapping.texts("packages") ?? []
        if packages.isEmpty || packages.count > Self.limit {
            mapping.report("rootfs.packages must name 1 to \(Self.limit) Debian packages", at: "packages")
        }
        for name in packages where !Self.isPackage(name) {
            mapping.report(
                "rootfs.packages: \"\(FileName.display(name))\" is not the name of a package", at: "packages")
        }
        return packages
    }

    /// Debian policy manual, section 5.6.7 ("Source").
    private static func isPackage(_ name: String) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool { 0x61...0x7a ~= byte || 0x30...0x39 ~= byte }
        guard name.utf8.count >= 2, let first = name.utf8.first, isPlain(first) else { return false }
        return name.utf8.allSatisfy {
            isPlain($0) || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains($0)
        }
    }
}
