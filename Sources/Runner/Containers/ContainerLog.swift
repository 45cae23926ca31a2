import Core
import Foundation
import Glibc

/// An instance's output as conmon keeps it: `<time> <stdout|stderr> <F|P> <text>`, `P` where the line goes on in the next
/// entry (Kubernetes' CRI log format).
struct ContainerLog: Sendable {
    let path: String

    /// How much of the end of a file is read for its last lines.
    private static let tailBytes = 256 << 10

    /// The last `count` lines, oldest first.
    func tail(_ count: Int) -> [String] {
        guard count > 0 else { return [] }
        var reader = Reader(path: path, last: Self.tailBytes)
        return Array((reader.readMore() + reader.end()).suffix(count))
    }

    /// Leaves what `tail` reads of it. Only when nobody writes any more.
    func shorten() {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, Int64(info.st_size) > Int64(Self.tailBytes) else { return }
        var end = [UInt8](repeating: 0, count: Self.tailBytes)
        let count = pread(descriptor, &end, end.count, off_t(info.st_size) - off_t(end.count))
        // The first line is a part of one.
        guard count > 0, let first = end[..<count].firstIndex(of: UInt8(ascii: "\n")) else { return }
        let rest = end[(first + 1)..<count]
        guard rest.withUnsafeBytes({ pwrite(descriptor, $0.baseAddress, $0.count, 0) }) == rest.count else { return }
        ftruncate(descriptor, off_t(rest.count))
    }

    /// Adds a line of our own. Only while no conmon writes.
    func append(_ line: String, at date: Date) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let text = "\(Timestamp.string(from: date)) stderr F \(line)\n"
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    /// Reads a log from where it stopped before.
    struct Reader: Sendable {
        private let path: String
        private var offset: Int64 = 0
        private var entries = EntryParser()
        private var skipsFirst = false

        /// - Parameter last: begin this many bytes before the end; `nil` for the beginning.
        init(path: String, last: Int? = nil) {
            self.path = path
            var info = stat()
            if let last, stat(path, &info) == 0, Int64(info.st_size) > Int64(last) {
                offset = Int64(info.st_size) - Int64(last)
                skipsFirst = true
            }
        }

        /// Begins at the current end.
        static func atEnd(of path: String) -> Reader {
            var reader = Reader(path: path, last: 0)
            reader.skipsFirst = false
            return reader
        }

        /// The lines that were completed since. A file that became shorter was begun anew.
        mutating func readMore() -> [String] {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { return [] }
            defer { close(descriptor) }
            var info = stat()
            guard fstat(descriptor, &info) == 0 else { return [] }
            if Int64(info.st_size) < offset {
                offset = 0
                entries = EntryParser()
            }
            var lines: [String] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            var left = Int64(info.st_size) - offset
            while left > 0 {
                let count = pread(descriptor, &buffer, buffer.count, off_t(offset))
                guard count > 0 else { break }
                offset += Int64(count)
                left -= Int64(count)
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
    }

    /// Puts the lines together again, up to a line's limit of bytes: what is longer goes on in a line of its own.
    struct EntryParser: Sendable {
        private var splitter = LineSplitter(limit: 3 * LineSplitter.defaultLimit)
        /// By stream: conmon interleaves the entries of stdout and stderr.
        private var partial: [Substring: String] = [:]

        mutating func append(_ bytes: some Sequence<UInt8>) -> [String] {
            splitter.append(bytes).flatMap { entry -> [String] in
                let fields = entry.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
                guard fields.count == 4 else { return [] }
                var text = (partial.removeValue(forKey: fields[1]) ?? "") + fields[3]
                var lines: [String] = []
                while let line = Self.cutOff(&text) { lines.append(line) }
                if fields[2] == "P" {
                    partial[fields[1]] = text
                } else if lines.isEmpty || !text.isEmpty {
                    lines.append(text)
                }
                return lines
            }
        }

        /// Takes the longest beginning that is a line's limit of bytes at most; `nil` when no more than that is there.
        private static func cutOff(_ text: inout String) -> String? {
            guard text.utf8.count > LineSplitter.defaultLimit else { return nil }
            var end = text.utf8.index(text.startIndex, offsetBy: LineSplitter.defaultLimit)
            while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
            defer { text = String(text[end...]) }
            return String(text[..<end])
        }

        mutating func end() -> [String] {
            defer { partial.removeAll() }
            return partial.sorted { $0.key < $1.key }.map(\.value)
        }
    }
}
