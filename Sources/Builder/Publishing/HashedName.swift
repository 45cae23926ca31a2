/// Whether a file's name holds a hash of its content, as bundlers write it: `app.3f2a91bc.js`, `index-BxT3a9Zk.css`.
///
/// What is taken for one is kept by browsers for a year, so a name must look like nothing else; one that is missed is
/// asked for again, which costs a 304.
enum HashedName {
    static func isHashed(_ path: String) -> Bool {
        let name = Array(path.utf8.split(separator: UInt8(ascii: "/")).last ?? "".utf8[...])
        let parts = name.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: ".") }
        guard parts.count > 1, let last = parts.last else { return false }
        let ending = String(decoding: last, as: UTF8.self).lowercased()
        guard !["html", "htm", "xhtml", "xml", "txt", "json"].contains(ending) else { return false }
        let isCode = ["js", "mjs", "css", "wasm", "map"].contains(ending)
        return parts.dropLast().contains { part in
            if isHex(part) { return true }
            for separator in [UInt8(ascii: "-"), UInt8(ascii: "_")] {
                guard let index = part.lastIndex(of: separator) else { continue }
                if isHex(part[(index + 1)...]) { return true }
            }
            // Vite and Rollup: a dash and eight characters of base64url, which may be dashes themselves.
            guard isCode, part.count > 9, part[part.endIndex - 9] == UInt8(ascii: "-") else { return false }
            return isMixed(part.suffix(8))
        }
    }

    /// At least eight hex digits, letters and figures both: neither a date nor a word.
    private static func isHex(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count >= 8 else { return false }
        var (figures, letters) = (0, 0)
        for byte in text {
            switch byte {
            case 0x30...0x39: figures += 1
            case 0x61...0x66: letters += 1
            default: return false
            }
        }
        return figures > 0 && letters > 0
    }

    /// Changes between small, capital and figures too often for a word with a number.
    private static func isMixed(_ text: ArraySlice<UInt8>) -> Bool {
        var changes = 0
        var last: Int?
        for byte in text {
            let kind: Int
            switch byte {
            case 0x30...0x39: kind = 0
            case 0x61...0x7a: kind = 1
            case 0x41...0x5a: kind = 2
            case UInt8(ascii: "-"), UInt8(ascii: "_"): kind = 3
            default: return false
            }
            if let last, last != kind { changes += 1 }
            last = kind
        }
        return changes >= 3
    }
}
