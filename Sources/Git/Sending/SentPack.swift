/// A pack that can be sent without being read: parts of one stored pack's file, and few bytes besides.
package struct SentPack: Sendable {
    package enum Part: Sendable {
        case bytes([UInt8])
        /// Places in the file.
        case file(Range<Int>)

        package var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .file(let range): range.count
            }
        }
    }

    /// What may be taken from elsewhere.
    private static let bytesLimit = 1 << 20

    package let file: SentFile
    package let parts: [Part]

    /// `nil` when it would be more than a few bytes besides, or the file is gone meanwhile. Blocks.
    init?(_ segments: [OutgoingPack.Segment], made: SpooledPack, trailer: [UInt8]) throws(GitError) {
        var counts: [ObjectIdentifier: (pack: OpenPack, bytes: Int)] = [:]
        var total = 0
        for case .stored(let pack, let range) in segments {
            counts[ObjectIdentifier(pack), default: (pack, 0)].bytes += range.count
            total += range.count
        }
        guard let largest = counts.values.max(by: { $0.bytes < $1.bytes }),
            total - largest.bytes + made.size <= Self.bytesLimit, let file = largest.pack.sentFile()
        else { return nil }
        var parts: [Part] = []
        var between: [UInt8] = []
        for segment in segments {
            switch segment {
            case .stored(let pack, let range) where pack === largest.pack:
                if !between.isEmpty { parts.append(.bytes(between)) }
                between = []
                parts.append(.file(range))
            case .stored(let pack, let range): between += pack.bytes[range]
            case .made(let range): between += try made.bytes(range)
            }
        }
        between += trailer
        if !between.isEmpty { parts.append(.bytes(between)) }
        self.file = file
        self.parts = parts
    }
}
