import Core

/// Finds what a URL path means in a static site. Only names of the manifest are ever answered.
enum SitePath {
    enum Hit: Equatable {
        case file(StaticSite.Name, StaticSite.File)
        /// A folder with an index, asked for without the slash at its end.
        case directory
    }

    /// - Parameter name: a decoded path without the slash in front.
    static func find(_ name: String, in site: StaticSite) -> Hit? {
        func file(_ text: String) -> Hit? {
            let name = StaticSite.Name(text)
            return site.files[name].map { .file(name, $0) }
        }
        if name.isEmpty || name.utf8.last == ByteClass.slash { return file(name + "index.html") }
        if let hit = file(name) ?? file(name + ".html") { return hit }
        return site.files[StaticSite.Name(name + "/index.html")] == nil ? nil : .directory
    }

    /// The manifest's name for a path: percent-decoded, without the slash in front. `nil` for what cannot name a file:
    /// bytes that are not UTF-8, an encoded slash, backslashes, control characters, empty segments, `.` and `..` in any
    /// spelling. (RFC 3986 lets `..` be resolved; every client does that itself, so whoever sends it has a reason.)
    static func decode(_ path: UnsafeRawBufferPointer) -> String? {
        guard path.first == ByteClass.slash else { return nil }
        if path.count == 1 { return "" }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(path.count)
        var segment = 0
        var index = 1
        while index < path.count {
            var byte = path[index]
            index += 1
            if byte == ByteClass.slash {
                guard isName(bytes[segment...]) else { return nil }
                bytes.append(byte)
                segment = bytes.count
                continue
            }
            if byte == UInt8(ascii: "%") {
                guard index + 1 < path.count, let high = ByteClass.hexValue(path[index]),
                    let low = ByteClass.hexValue(path[index + 1])
                else { return nil }
                byte = high << 4 | low
                index += 2
                guard byte != ByteClass.slash else { return nil }
            }
            guard byte >= 0x20, byte != 0x7f, byte != UInt8(ascii: "\\") else { return nil }
            bytes.append(byte)
        }
        guard segment == bytes.count || isName(bytes[segment...]) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func isName(_ segment: ArraySlice<UInt8>) -> Bool {
        let dot = UInt8(ascii: ".")
        switch segment.count {
        case 0: return false
        case 1: return segment.first != dot
        case 2: return segment.first != dot || segment.last != dot
        default: return true
        }
    }
}
