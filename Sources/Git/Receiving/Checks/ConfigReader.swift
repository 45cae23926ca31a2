/// Reads git's configuration format (git-config(1), "Syntax") variable by variable, and ends where git would find an
/// error.
struct ConfigReader {
    struct Variable: Hashable {
        /// In lower case.
        let section: [UInt8]
        /// As it is written; in lower case when it was written without quotes.
        let subsection: [UInt8]?
        /// In lower case.
        let key: [UInt8]
        /// `nil` for a variable that stands alone.
        let value: [UInt8]?
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var section: [UInt8] = []
    private var subsection: [UInt8]?

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
    }

    /// The next variable; `nil` at the end or at an error.
    mutating func next() -> Variable? {
        while let byte = read() {
            switch byte {
            case _ where Self.isSpace(byte): continue
            case UInt8(ascii: "#"), UInt8(ascii: ";"): while let skipped = read(), skipped != UInt8(ascii: "\n") {}
            case UInt8(ascii: "["): guard readSection() else { return nil }
            case _ where Self.isLetter(byte): return readVariable(first: byte)
            default: return nil
            }
        }
        return nil
    }

    /// The next byte; a line end of two bytes is one.
    private mutating func read() -> UInt8? {
        guard position < bytes.count else { return nil }
        var byte = bytes[position]
        position += 1
        if byte == UInt8(ascii: "\r"), position < bytes.count, bytes[position] == UInt8(ascii: "\n") {
            byte = UInt8(ascii: "\n")
            position += 1
        }
        return byte
    }

    private mutating func readSection() -> Bool {
        section = []
        subsection = nil
        while let byte = read() {
            if byte == UInt8(ascii: "]") {
                // The old way to write it: `[submodule.name]`.
                if let dot = section.firstIndex(of: UInt8(ascii: ".")) {
                    subsection = Array(section[(dot + 1)...])
                    section = Array(section[..<dot])
                }
                return true
            }
            if Self.isSpace(byte) { return readSubsection(after: byte) }
            guard Self.isLetter(byte) || Self.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            else { return false }
            section.append(Self.lower(byte))
        }
        return false
    }

    private mutating func readSubsection(after first: UInt8) -> Bool {
        var byte = first
        while Self.isSpace(byte) {
            guard byte != UInt8(ascii: "\n"), let next = read() else { return false }
            byte = next
        }
        guard byte == UInt8(ascii: "\"") else { return false }
        var name: [UInt8] = []
        while let next = read() {
            switch next {
            case UInt8(ascii: "\n"): return false
            case UInt8(ascii: "\""):
                // Both ways at once: the first dot ends the section's own name.
                if let dot = section.firstIndex(of: UInt8(ascii: ".")) {
                    name = section[(dot + 1)...] + [UInt8(ascii: ".")] + name
                    section = Array(section[..<dot])
                }
                subsection = name
                return read() == UInt8(ascii: "]")
            case UInt8(ascii: "\\"):
                guard let escaped = read(), escaped != UInt8(ascii: "\n") else { return false }
                name.append(escaped)
            default: name.append(next)
            }
        }
        return false
    }

    private mutating func readVariable(first: UInt8) -> Variable? {
        var key = [Self.lower(first)]
        var byte = read()
        while let next = byte, Self.isLetter(next) || Self.isDigit(next) || next == UInt8(ascii: "-") {
            key.append(Self.lower(next))
            byte = read()
        }
        while byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { byte = read() }
        guard let byte, byte != UInt8(ascii: "\n") else {
            return Variable(section: section, subsection: subsection, key: key, value: nil)
        }
        guard byte == UInt8(ascii: "="), let value = readValue() else { return nil }
        return Variable(section: section, subsection: subsection, key: key, value: value)
    }

    private mutating func readValue() -> [UInt8]? {
        var value: [UInt8] = []
        // Where the value ends if nothing but space follows.
        var trimmed = 0
        var isQuoted = false
        while true {
            guard let byte = read(), byte != UInt8(ascii: "\n") else {
                return isQuoted ? nil : Array(value[..<trimmed])
            }
            if !isQuoted, Self.isSpace(byte) {
                if !value.isEmpty { value.append(byte) }
                continue
            }
            if !isQuoted, byte == UInt8(ascii: "#") || byte == UInt8(ascii: ";") {
                while let skipped = read(), skipped != UInt8(ascii: "\n") {}
                return Array(value[..<trimmed])
            }
            switch byte {
            case UInt8(ascii: "\\"):
                switch read() {
                case UInt8(ascii: "\n"): continue
                case UInt8(ascii: "t"): value.append(UInt8(ascii: "\t"))
                case UInt8(ascii: "b"): value.append(0x08)
                case UInt8(ascii: "n"): value.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "\\"): value.append(UInt8(ascii: "\\"))
                case UInt8(ascii: "\""): value.append(UInt8(ascii: "\""))
                default: return nil
                }
            case UInt8(ascii: "\""): isQuoted.toggle()
            default: value.append(byte)
            }
            trimmed = value.count
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(lower(byte)) }
    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }
}
