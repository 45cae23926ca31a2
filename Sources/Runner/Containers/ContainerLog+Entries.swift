import Core

extension ContainerLog {
    /// Puts the lines together again, up to a line's limit of bytes: what is longer goes on in a line of its own (`LineCut`).
    struct EntryParser: Sendable {
        /// A line as far as it has come.
        private struct Line {
            var bytes: [UInt8] = []
            /// Its beginning is in another line, or not known.
            var isContinued = false

            func text(upTo end: Int, mark: String = "") -> String {
                (isContinued ? LineCut.continued : "") + String(decoding: bytes[..<end], as: UTF8.self) + mark
            }
        }

        /// No entry of conmon's is longer: each holds what one read of 8 KiB gave.
        private static let entryLimit = 3 * LineSplitter.defaultLimit

        /// The first entry of a stream may go on with what is not known.
        private var beginsWithin: Bool
        private var isAtStart = true
        private var entry: [UInt8] = []
        /// By stream: conmon interleaves the entries of stdout and stderr.
        private var lines: [String: Line] = [:]

        /// - Parameter beginsWithin: something came before the first entry that is not known. When that entry ends a line, it is
        ///   left out.
        init(beginsWithin: Bool = false) { self.beginsWithin = beginsWithin }

        /// The one for a file that comes after a full one: lines that were begun may go on there.
        func next() -> EntryParser {
            var parser = EntryParser()
            parser.lines = lines.mapValues { Line(isContinued: !$0.bytes.isEmpty) }
            return parser
        }

        mutating func append(_ bytes: some Sequence<UInt8>) -> [String] {
            var complete: [String] = []
            for byte in bytes {
                if byte == UInt8(ascii: "\n") {
                    takeEntry(&complete)
                    entry.removeAll(keepingCapacity: true)
                } else if entry.count < Self.entryLimit {
                    entry.append(byte)
                }
            }
            return complete
        }

        /// What there is of lines that were not ended.
        mutating func end() -> [String] {
            let unended = lines.filter { !$0.value.bytes.isEmpty }.sorted { $0.key < $1.key }
            for (stream, _) in unended { lines[stream] = Line() }
            return unended.map { $0.value.text(upTo: $0.value.bytes.count, mark: LineCut.unended) }
        }

        private mutating func takeEntry(_ complete: inout [String]) {
            let fields = entry.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
            guard fields.count == 4 else { return }
            let stream = String(decoding: fields[1], as: UTF8.self)
            let isOwn = stream == ContainerLog.ownStream
            let endsLine = fields[2].elementsEqual("F".utf8)
            defer { isAtStart = false }
            if isOwn {
                // What wrote before has ended: nothing of it goes on.
                complete += end()
                beginsWithin = false
            } else if beginsWithin, isAtStart, endsLine {
                lines[stream] = Line()
                return
            }
            var line = lines.removeValue(forKey: stream) ?? Line(isContinued: beginsWithin)
            line.bytes += fields[3]
            while line.bytes.count > LineSplitter.defaultLimit {
                let end = LineCut.length(of: line.bytes, limit: LineSplitter.defaultLimit)
                complete.append(line.text(upTo: end, mark: LineCut.goesOn))
                line = Line(bytes: Array(line.bytes[end...]), isContinued: true)
            }
            guard endsLine else {
                lines[stream] = line
                return
            }
            if line.bytes.last == UInt8(ascii: "\r") { line.bytes.removeLast() }
            complete.append(line.text(upTo: line.bytes.count))
            lines[stream] = Line()
        }
    }
}
