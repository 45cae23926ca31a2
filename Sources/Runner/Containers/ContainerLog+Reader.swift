import Glibc

extension ContainerLog {
    /// Reads a log from where it stopped before.
    struct Reader: Sendable {
        struct Line: Sendable, Hashable {
            let text: String
            /// It is of the server's own, and came while the app wrote.
            var isNote = false
        }

        private let path: String
        /// Where the log began when it was looked at last, and the number of its file then; `nil` until there was one.
        private var seen: (beginning: LogBeginning, inode: UInt64)?
        /// How much of all that was written to it was read, bytes.
        private var position: Int64 = 0
        private var entries = EntryParser()
        private var skipsFirst = false
        /// How many of the log's notes were read.
        private var takenNotes = 0

        /// - Parameter last: begin this many bytes before the end, after the notes of what comes before; `nil` for the
        ///   beginning.
        init(path: String, last: Int? = nil) {
            self.path = path
            guard let last else { return }
            let descriptor = Self.open(path)
            guard descriptor >= 0 else { return }
            defer { close(descriptor) }
            var info = stat()
            guard fstat(descriptor, &info) == 0 else { return }
            let beginning = LogBeginning(of: descriptor, info)
            let begin = beginning.position(at: Int64(info.st_size)) - Int64(last)
            guard begin > beginning.cut else { return }
            seen = (beginning, UInt64(info.st_ino))
            position = begin
            entries = EntryParser(beginsWithin: true)
            skipsFirst = true
        }

        /// The lines that were completed since. What was cut off before it was read is left out; a file that another one took the
        /// place of, or that became shorter by itself, was begun anew.
        mutating func readMore() -> [String] { readLines().map(\.text) }

        /// As `readMore`, and tells which of them are notes.
        mutating func readLines() -> [Line] {
            let descriptor = Self.open(path)
            guard descriptor >= 0 else { return [] }
            defer { close(descriptor) }
            var info = stat()
            guard fstat(descriptor, &info) == 0 else { return [] }
            let beginning = LogBeginning(of: descriptor, info)
            let end = beginning.position(at: Int64(info.st_size))
            let inode = UInt64(info.st_ino)
            let isSame = seen.map { beginning.continues($0.beginning, isSameFile: $0.inode == inode) } ?? false
            if !isSame || position < beginning.cut || position > end {
                entries = beginning.cut > 0 ? EntryParser(beginsWithin: true) : entries.next()
                position = beginning.cut
                skipsFirst = false
            }
            seen = (beginning, inode)
            var lines: [Line] = []
            var notes = ContainerLog(path: path).notes.dropFirst(takenNotes)
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                // Those of a file that is gone come before all that is there; one whose number was given to this one may be
                // told by its place.
                while let note = notes.first,
                    note.place.inode != beginning.inode || note.place.position > end
                        || note.place.position <= position
                {
                    lines.append(Line(text: note.text, isNote: true))
                    notes.removeFirst()
                    takenNotes += 1
                }
                guard position < end else { break }
                let stop = min(end, notes.first?.place.position ?? end)
                let size = Int(min(stop - position, Int64(buffer.count)))
                let count = pread(descriptor, &buffer, size, off_t(beginning.offset(of: position)))
                guard count > 0 else { break }
                position += Int64(count)
                var bytes = buffer[..<count]
                if skipsFirst {
                    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { continue }
                    bytes = bytes[(end + 1)...]
                    skipsFirst = false
                }
                lines += entries.append(bytes).map { Line(text: $0) }
            }
            return lines
        }

        /// What was written of a line that never ended.
        mutating func end() -> [String] { entries.end() }

        private static func open(_ path: String) -> Int32 { Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }
    }
}
