/// Finds the end of a chunked body (RFC 9112 section 7.1) and refuses what is not exactly one. The bytes are passed on
/// as they are, so the scanner is strict: CR LF only, plain hex sizes, printable extensions, well-formed trailers that
/// name nothing that frames, routes or identifies the message.
struct ChunkScanner: Sendable {
    enum Progress: Equatable {
        /// All bytes belong to the body and there is more to come.
        case needsMore
        /// The body ends before this offset.
        case ended(Int)
        case refused
    }

    static let maximumSizeDigits = 15
    static let maximumExtension = 256
    static let maximumTrailer = 8 * 1024

    private enum Part: UInt8 {
        case size, extensions, sizeLineFeed, data, dataReturn, dataLineFeed, trailer, trailerLineFeed, ended
    }

    private var part = Part.size
    private var digits = 0
    private var remaining = 0
    private var extensionLength = 0
    private var trailerLength = 0
    private var line: [UInt8] = []
    /// The trailer lines so far, each with its line end.
    private(set) var trailers: [UInt8] = []

    /// Scans the next bytes of the body; `data` is called with each range that is content.
    @inline(__always)
    mutating func scan(_ bytes: UnsafeRawBufferPointer, data: (Range<Int>) -> Void) -> Progress {
        var index = 0
        while index < bytes.count {
            if part == .data {
                let taken = min(remaining, bytes.count - index)
                data(index..<(index + taken))
                remaining -= taken
                index += taken
                if remaining == 0 { part = .dataReturn }
                continue
            }
            guard accept(bytes[index]) else { return .refused }
            index += 1
            if part == .ended { return .ended(index) }
        }
        return .needsMore
    }

    /// One byte of the framing. False when it is not allowed.
    private mutating func accept(_ byte: UInt8) -> Bool {
        switch part {
        case .size: return acceptSize(byte)
        case .extensions:
            if byte == ByteClass.carriageReturn {
                part = .sizeLineFeed
                return true
            }
            extensionLength += 1
            return extensionLength <= Self.maximumExtension && (byte == ByteClass.tab || (0x20..<0x7f).contains(byte))
        case .sizeLineFeed:
            guard byte == ByteClass.lineFeed else { return false }
            part = remaining == 0 ? .trailer : .data
            digits = 0
            extensionLength = 0
            return true
        case .dataReturn:
            part = .dataLineFeed
            return byte == ByteClass.carriageReturn
        case .dataLineFeed:
            part = .size
            return byte == ByteClass.lineFeed
        case .trailer:
            if byte == ByteClass.carriageReturn {
                part = .trailerLineFeed
                return true
            }
            line.append(byte)
            trailerLength += 1
            return trailerLength <= Self.maximumTrailer && byte != ByteClass.lineFeed
        case .trailerLineFeed: return acceptTrailer(byte)
        case .data, .ended: return false
        }
    }

    private mutating func acceptSize(_ byte: UInt8) -> Bool {
        if let value = ByteClass.hexValue(byte) {
            digits += 1
            remaining = remaining << 4 | Int(value)
            return digits <= Self.maximumSizeDigits
        }
        guard digits > 0 else { return false }
        if byte == ByteClass.carriageReturn {
            part = .sizeLineFeed
            return true
        }
        // White space before the semicolon is allowed by the grammar and read in different ways by servers.
        part = .extensions
        return byte == UInt8(ascii: ";")
    }

    private mutating func acceptTrailer(_ byte: UInt8) -> Bool {
        guard byte == ByteClass.lineFeed else { return false }
        guard !line.isEmpty else {
            part = .ended
            return true
        }
        defer {
            trailers += line + [ByteClass.carriageReturn, ByteClass.lineFeed]
            line.removeAll(keepingCapacity: true)
        }
        part = .trailer
        return line.withUnsafeBytes { bytes in
            guard let field = try? FieldLine.split(bytes, 0..<bytes.count) else { return false }
            let name = FieldName.classify(field.name.slice(bytes))
            return name == .other || name == .date
        }
    }
}
