import Core
import Foundation
import Glibc

/// An instance's output as conmon keeps it: `<time> <stdout|stderr> <F|P> <text>`, `P` where the line goes on in the next
/// entry (Kubernetes' CRI log format). Lines of our own, between two lives of the instance, are of the stream `berth`.
struct ContainerLog: Sendable {
    let path: String

    /// How much of the end of a file is read for its last lines.
    static let tailBytes = 256 << 10
    static let ownStream = "berth"

    /// Notes that are shown where what came after them is more than is shown.
    private static let keptNotes = 3

    /// The last `count` lines, oldest first. A few of them are for notes of what comes before: a flood drives out what tells of it.
    func tail(_ count: Int) -> [String] {
        guard count > 0 else { return [] }
        var reader = Reader(path: path, last: Self.tailBytes)
        let lines = reader.readLines() + reader.end().map { Reader.Line(text: $0) }
        let notes = lines.dropLast(count).filter(\.isNote).suffix(min(Self.keptNotes, count / 2))
        return (notes + lines.suffix(count - notes.count)).map(\.text)
    }

    /// Leaves what `tail` reads of it, in a file that takes its place; readers go on where they were. Only when nobody writes any
    /// more.
    func shorten() {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, Int64(info.st_size) > Int64(Self.tailBytes) else { return }
        var end = [UInt8](repeating: 0, count: Self.tailBytes - LogBeginning.lineLimit)
        let offset = Int64(info.st_size) - Int64(end.count)
        let count = pread(descriptor, &end, end.count, off_t(offset))
        // The first line is a part of one.
        guard count > 0, let first = end[..<count].firstIndex(of: UInt8(ascii: "\n")) else { return }
        let old = LogBeginning(of: descriptor, info)
        let new = LogBeginning(inode: old.inode, cut: old.position(at: offset + Int64(first) + 1))
        try? HostFiles.write(Data(new.line.utf8) + end[(first + 1)..<count], to: path)
    }

    /// Adds a line of our own. Only while no conmon writes.
    func append(_ line: String, at date: Date) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let text = "\(Timestamp.string(from: date)) \(Self.ownStream) F \(line)\n"
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
