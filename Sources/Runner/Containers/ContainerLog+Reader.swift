import Glibc

extension ContainerLog {
    /// Reads a log from where it stopped before.
    struct Reader: Sendable {
        private let path: String
        /// Where the log began when it was looked at last, and the number of its file then; `nil` until there was one.
        private var seen: (beginning: LogBeginning, inode: UInt64)?
        /// How much of all that was written to it was read, bytes.
        private var position: Int64 = 0
        private var entries = EntryParser()
        private var skipsFirst = false

        /// - Parameter last: begin this many bytes before the end; `nil` for the beginning.
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
        mutating func readMore() -> [String] {
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
            var lines: [String] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while position < end {
                let count = pread(descriptor, &buffer, buffer.count, off_t(beginning.offset(of: position)))
                guard count > 0 else { break }
                position += Int64(count)
                var bytes = buffer[..<count]
                if skipsFirst {
                    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { continue }
                    bytes = bytes[(end + 1)...]
                    skipsFirst = false
                }
                lines += entries.append(bytes)
            }
            return lines
        }

        /// What was written of a line that never ended.
        mutating func end() -> [String] { entries.end() }

        private static func open(_ path: String) -> Int32 { Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }
    }
}
