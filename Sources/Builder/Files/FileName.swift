/// The name of a folder's entry as the file system has it: bytes without `/` and NUL, not always UTF-8.
struct FileName: Hashable, Comparable, CustomStringConvertible {
    /// With the NUL at its end.
    let characters: [CChar]

    init(_ text: String) { characters = text.utf8CString.map { $0 } }
    init(cString: UnsafePointer<CChar>) {
        var length = 0
        while cString[length] != 0 { length += 1 }
        characters = Array(UnsafeBufferPointer(start: cString, count: length + 1))
    }

    var bytes: some Sequence<UInt8> { characters.dropLast().lazy.map { UInt8(bitPattern: $0) } }

    /// `nil` when the name is not UTF-8.
    var text: String? { String(validating: bytes, as: UTF8.self) }
    var description: String { Self.display(String(decoding: Array(bytes), as: UTF8.self)) }

    static func < (left: FileName, right: FileName) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }

    /// `text` fit for one line of a log: control characters are escaped, a long text is cut.
    static func display(_ text: String) -> String {
        var shown = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == 200 { return shown + "…" }
            shown += scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return shown
    }
}
