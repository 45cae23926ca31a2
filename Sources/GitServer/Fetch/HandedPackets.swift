import Core
import Git

/// A pack in packets, as parts for the router.
struct HandedPackets {
    private let sideBand: SideBand
    private var parts: [HandedBody.Part] = []
    /// Bytes since the last part of the file.
    private var between: [UInt8]

    /// - Parameter start: what comes before the pack.
    init(_ sideBand: SideBand, after start: [UInt8]) {
        self.sideBand = sideBand
        between = start
    }

    consuming func parts(of pack: SentPack) -> [HandedBody.Part] {
        var left = pack.parts.reduce(0) { $0 + $1.count }
        /// Bytes that the packet still takes.
        var room = 0
        for part in pack.parts {
            var done = 0
            while done < part.count {
                if room == 0 {
                    room = sideBand == .none ? left : min(sideBand.maximumData, left)
                    if sideBand != .none { between += sideBand.head(of: room) }
                }
                let count = min(room, part.count - done)
                add(part, done..<done + count)
                done += count
                room -= count
                left -= count
            }
        }
        between += sideBand.end
        return between.isEmpty ? parts : parts + [.bytes(between)]
    }

    private mutating func add(_ part: SentPack.Part, _ range: Range<Int>) {
        switch part {
        case .bytes(let bytes): between += bytes[range]
        case .file(let file):
            if !between.isEmpty { parts.append(.bytes(between)) }
            between = []
            parts.append(.file(file.lowerBound + range.lowerBound..<file.lowerBound + range.upperBound))
        }
    }
}
