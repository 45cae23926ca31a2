/// What is left of a body, and how its end is found (RFC 9112 section 6.3).
enum BodyFraming: Sendable {
    case ended
    /// Ended with trailer lines.
    case endedWithTrailers([UInt8])
    /// So many bytes; never 0.
    case length(Int)
    case chunked(ChunkScanner)
    case untilClose

    enum Step: Equatable {
        /// All of it is body, and more will come.
        case more
        /// The body ends before this offset.
        case ended(Int)
        /// The framing is broken.
        case refused
    }

    init(_ framing: RequestHead.Framing) {
        switch framing {
        case .none: self = .ended
        case .length(let count): self = .length(count)
        case .chunked: self = .chunked(ChunkScanner())
        }
    }

    var isEnded: Bool {
        switch self {
        case .ended, .endedWithTrailers: true
        default: false
        }
    }

    /// The trailer lines of a chunked body that has ended, each with its line end.
    var trailers: [UInt8] { if case .endedWithTrailers(let lines) = self { lines } else { [] } }

    var isUntilClose: Bool { if case .untilClose = self { true } else { false } }
    var isKnownLength: Bool { if case .length = self { true } else { false } }
    var isChunked: Bool { if case .chunked = self { true } else { false } }

    /// Takes the next bytes; `data` is called with the ranges that are content, without chunk framing.
    @inline(__always)
    mutating func take(_ bytes: UnsafeRawBufferPointer, data: (Range<Int>) -> Void = { _ in }) -> Step {
        switch self {
        case .ended, .endedWithTrailers: return .ended(0)
        case .untilClose:
            data(0..<bytes.count)
            return .more
        case .length(let left):
            let taken = min(left, bytes.count)
            data(0..<taken)
            guard taken == left else {
                self = .length(left - taken)
                return .more
            }
            self = .ended
            return .ended(taken)
        case .chunked(var scanner):
            // The scanner holds an array: it must not be shared while it is changed.
            self = .ended
            switch scanner.scan(bytes, data: data) {
            case .needsMore:
                self = .chunked(scanner)
                return .more
            case .ended(let offset):
                if !scanner.trailers.isEmpty { self = .endedWithTrailers(scanner.trailers) }
                return .ended(offset)
            case .refused: return .refused
            }
        }
    }
}
