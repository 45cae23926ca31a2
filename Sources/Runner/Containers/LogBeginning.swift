import Glibc

/// Where a log's file begins within all that was written to the log. One that was shortened says so in its first line, which is
/// no entry: `berth-cut <inode of the file that was begun> <bytes of it that are gone>`.
struct LogBeginning: Sendable, Hashable {
    private static let word = "berth-cut"
    /// Bytes that the line has at most.
    static let lineLimit = 64

    /// Number of the file that was begun; the one that took its place has another.
    let inode: UInt64
    /// Bytes that were written before the first one that is there.
    let cut: Int64
    /// Bytes of the line that says so; 0 without one.
    private let lineBytes: Int64

    /// That of a file after it lost what was written up to `cut`.
    init(inode: UInt64, cut: Int64) {
        self.inode = inode
        self.cut = cut
        lineBytes = Int64(Self.line(inode, cut).utf8.count)
    }

    /// That of an open file.
    init(of descriptor: Int32, _ info: stat) {
        var bytes = [UInt8](repeating: 0, count: Self.lineLimit)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        if count > 0, let end = bytes[..<count].firstIndex(of: UInt8(ascii: "\n")) {
            let fields = String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ")
            if fields.count == 3, fields[0] == Self.word, let inode = UInt64(fields[1]), let cut = Int64(fields[2]) {
                self.inode = inode
                self.cut = cut
                lineBytes = Int64(end) + 1
                return
            }
        }
        inode = UInt64(info.st_ino)
        cut = 0
        lineBytes = 0
    }

    /// Whether it is of the same log as one that was seen before. The number of a file that is gone may be given to another one.
    func continues(_ other: LogBeginning, isSameFile: Bool) -> Bool {
        inode == other.inode && (isSameFile || lineBytes > 0)
    }

    var line: String { Self.line(inode, cut) }

    /// Bytes that were written to the log before this place in the file.
    func position(at offset: Int64) -> Int64 { cut + offset - lineBytes }

    /// Where in the file that is.
    func offset(of position: Int64) -> Int64 { position - cut + lineBytes }

    private static func line(_ inode: UInt64, _ cut: Int64) -> String { "\(word) \(inode) \(cut)\n" }
}
