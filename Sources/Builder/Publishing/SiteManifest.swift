import Core

/// The published files of a release as they are kept beside it: what the router serves, and what tells the next build
/// that a file is still the same.
struct SiteManifest: Hashable, Sendable {
    static let fileName = "site.manifest"

    struct Record: Hashable, Sendable {
        /// Path below the published folder, without symlinks.
        var path: String
        /// Without quotes.
        var tag: String
        /// Bytes.
        var size: Int
        var modifiedSeconds: Int
        var modifiedNanoseconds: Int
        var inode: UInt64

        /// Whether `status` is of the file that this was made from, untouched.
        func describes(_ status: FileStatus) -> Bool {
            inode == status.inode && size == status.size && modifiedSeconds == status.modifiedSeconds
                && modifiedNanoseconds == status.modifiedNanoseconds
        }
    }

    /// Published folder from the repository's root; `.` for the root itself.
    var output: String
    /// By URL path without the leading slash.
    var records: [String: Record]

    /// - Parameter files: absolute path of the release's files.
    func site(files: String) -> StaticSite {
        var site: [String: StaticSite.File] = [:]
        site.reserveCapacity(records.count)
        for (url, record) in records {
            site[url] = StaticSite.File(
                path: record.path, mediaType: MediaType.of(url), etag: "\"\(record.tag)\"", size: record.size,
                modified: record.modifiedSeconds)
        }
        return StaticSite(root: output == "." ? files : "\(files)/\(output)", files: site)
    }
}

// The file's format: fields that each end in NUL, which no path has. First `berth-site`, the version, the output folder
// and the number of records, then seven fields a record: URL path, file path (empty when it is the same), tag, size,
// seconds, nanoseconds, inode; at the end `end`. Ten thousand files are read in a few milliseconds.
extension SiteManifest {
    private static let magic = "berth-site"
    private static let version = "1"

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(records.count * 128 + 64)
        func add(_ text: String) {
            bytes.append(contentsOf: text.utf8)
            bytes.append(0)
        }
        [Self.magic, Self.version, output, String(records.count)].forEach(add)
        for (url, record) in records {
            add(url)
            add(record.path == url ? "" : record.path)
            add(record.tag)
            add(String(record.size))
            add(String(record.modifiedSeconds))
            add(String(record.modifiedNanoseconds))
            add(String(record.inode))
        }
        add("end")
        return bytes
    }

    /// `nil` when the bytes are not a whole manifest of this version.
    init?(encoded bytes: [UInt8]) {
        var reader = FieldReader(bytes: bytes)
        guard reader.text() == Self.magic, reader.text() == Self.version, let output = reader.text(),
            let count = reader.integer(), (0...bytes.count).contains(count)
        else { return nil }
        var records: [String: Record] = [:]
        records.reserveCapacity(count)
        for _ in 0..<count {
            guard let url = reader.text(), let path = reader.text(), let tag = reader.text(),
                let size = reader.integer(), let seconds = reader.integer(), let nanoseconds = reader.integer(),
                let inode = reader.integer()
            else { return nil }
            records[url] = Record(
                path: path.isEmpty ? url : path, tag: tag, size: size, modifiedSeconds: seconds,
                modifiedNanoseconds: nanoseconds, inode: UInt64(inode))
        }
        guard records.count == count, reader.text() == "end" else { return nil }
        self.init(output: output, records: records)
    }

    /// Takes NUL-ended fields off the front.
    private struct FieldReader {
        let bytes: [UInt8]
        var position = 0

        mutating func field() -> Range<Int>? {
            var end = position
            while end < bytes.count, bytes[end] != 0 { end += 1 }
            guard end < bytes.count else { return nil }
            defer { position = end + 1 }
            return position..<end
        }

        mutating func text() -> String? { field().map { String(decoding: bytes[$0], as: UTF8.self) } }

        mutating func integer() -> Int? {
            guard let field = field(), (1...20).contains(field.count) else { return nil }
            let isNegative = bytes[field.lowerBound] == UInt8(ascii: "-")
            var number = 0
            for byte in bytes[field].dropFirst(isNegative ? 1 : 0) {
                guard (0x30...0x39).contains(byte) else { return nil }
                let (shifted, overflow) = number.multipliedReportingOverflow(by: 10)
                let (sum, carry) = shifted.addingReportingOverflow(Int(byte & 15))
                guard !overflow, !carry else { return nil }
                number = sum
            }
            return isNegative ? -number : number
        }
    }
}
