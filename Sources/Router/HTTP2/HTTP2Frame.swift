import NIOCore

/// Frames of HTTP/2 (RFC 9113 section 4 and 6), as far as a server reads and writes them.
enum HTTP2Frame {
    static let headerLength = 9
    /// We keep to the smallest allowed size in both directions.
    static let maximumLength = 16_384
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    enum Kind: UInt8 {
        case data = 0, headers, priority, reset, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    enum Flag {
        static let acknowledge: UInt8 = 0x1
        static let endStream: UInt8 = 0x1
        static let endHeaders: UInt8 = 0x4
        static let padded: UInt8 = 0x8
        static let priority: UInt8 = 0x20
    }

    /// Section 7.
    enum Fault: UInt32, Error {
        case none = 0, protocolError, internalError, flowControl, settingsTimeout, streamClosed, frameSize,
            refusedStream,
            cancel, compression, connect, enhanceYourCalm, inadequateSecurity, http11Required
    }

    /// Section 6.5.2, and RFC 8441 section 3.
    enum Setting {
        static let headerTableSize: UInt16 = 1
        static let enablePush: UInt16 = 2
        static let maximumStreams: UInt16 = 3
        static let initialWindow: UInt16 = 4
        static let maximumFrame: UInt16 = 5
        static let maximumHeaderList: UInt16 = 6
        static let enableConnect: UInt16 = 8
    }

    struct Header {
        var length: Int
        /// `nil` for a type that is not known, which is ignored (section 5.5).
        var kind: Kind?
        var flags: UInt8
        var stream: Int

        init?(_ buffer: ByteBuffer) {
            let index = buffer.readerIndex
            guard let head = buffer.getInteger(at: index, as: UInt32.self),
                let flags = buffer.getInteger(at: index + 4, as: UInt8.self),
                let stream = buffer.getInteger(at: index + 5, as: UInt32.self)
            else { return nil }
            length = Int(head >> 8)
            kind = Kind(rawValue: UInt8(truncatingIfNeeded: head))
            self.flags = flags
            self.stream = Int(stream & 0x7fff_ffff)
        }

        func has(_ flag: UInt8) -> Bool { flags & flag != 0 }
    }
}

extension ByteBuffer {
    mutating func writeFrameHeader(_ kind: HTTP2Frame.Kind, length: Int, flags: UInt8 = 0, stream: Int) {
        writeInteger(UInt32(truncatingIfNeeded: length) << 8 | UInt32(kind.rawValue))
        writeInteger(flags)
        writeInteger(UInt32(truncatingIfNeeded: stream))
    }

    mutating func writeReset(_ stream: Int, _ fault: HTTP2Frame.Fault) {
        writeFrameHeader(.reset, length: 4, stream: stream)
        writeInteger(fault.rawValue)
    }

    mutating func writeWindowUpdate(_ stream: Int, _ increment: Int) {
        writeFrameHeader(.windowUpdate, length: 4, stream: stream)
        writeInteger(UInt32(truncatingIfNeeded: increment))
    }

    mutating func writeGoAway(last: Int, _ fault: HTTP2Frame.Fault) {
        writeFrameHeader(.goAway, length: 8, stream: 0)
        writeInteger(UInt32(truncatingIfNeeded: last))
        writeInteger(fault.rawValue)
    }
}
