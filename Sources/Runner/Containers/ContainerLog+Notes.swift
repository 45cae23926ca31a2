import Core
import Foundation
import Glibc

/// Lines of the server's own that come while conmon writes. What somebody else adds to its file it would write over, so they are
/// in a file beside the log, each with its place in the log: `<inode> <bytes before it> <text>`.
extension ContainerLog {
    /// A place in all that is written to a log.
    struct Place: Sendable, Hashable {
        /// As `LogBeginning.inode`.
        let inode: UInt64
        /// Bytes that were written before it.
        let position: Int64
    }

    struct Note: Sendable, Hashable {
        let place: Place
        let text: String
    }

    static let notesSuffix = ".notes"
    /// Bytes that the notes of a log come to at most; what would be more is left out.
    private static let notesLimit = 64 << 10

    private var notesPath: String { path + Self.notesSuffix }

    /// Where the log ends now; `nil` where there is none.
    var end: Place? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { return nil }
        let beginning = LogBeginning(of: descriptor, info)
        return Place(inode: beginning.inode, position: beginning.position(at: Int64(info.st_size)))
    }

    /// Adds a line of our own, also while a conmon writes.
    func note(_ line: String) {
        guard let place = end else { return }
        let descriptor = open(notesPath, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, Int(info.st_size) < Self.notesLimit else { return }
        let text = "\(place.inode) \(place.position) \(line)\n"
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    /// All notes, oldest first.
    var notes: [Note] {
        (HostFiles.text(notesPath) ?? "").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 2)
            guard fields.count == 3, let inode = UInt64(fields[0]), let position = Int64(fields[1]) else { return nil }
            return Note(place: Place(inode: inode, position: position), text: String(fields[2]))
        }
    }

    /// Removes the log with its notes.
    func remove() {
        HostFiles.remove(path)
        HostFiles.remove(notesPath)
    }
}
