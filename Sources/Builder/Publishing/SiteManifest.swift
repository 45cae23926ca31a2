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
        /// Bytes of the compressed twins, `nil` for one that there is not.
        var brotli: Int?
        var gzip: Int?

        /// Whether `status` is of the file that this was made from, untouched.
        func describes(_ status: FileStatus) -> Bool {
            inode == status.inode && size == status.size && modifiedSeconds == status.modifiedSeconds
                && modifiedNanoseconds == status.modifiedNanoseconds
        }

        /// Of the files of its twins, as `StaticSite.File.twinName` has them.
        var twinNames: [String] { (brotli == nil ? [] : ["\(tag).br"]) + (gzip == nil ? [] : ["\(tag).gz"]) }
    }

    /// Published folder from the repository's root; `.` for the root itself.
    var output: String
    /// By URL path without the leading slash.
    var records: [StaticSite.Name: Record]
    /// The text of `_redirects` and of `_headers`, which was found to be right; empty when there is none.
    var redirects = ""
    var headers = ""
    /// The app whose shared content has the files, `path` being their place in it; `nil` when they are the release's own.
    var shared: ID<App>?
    /// Names what of a commit is published, for one whose files are shared: `SitePlan.fingerprint`.
    var rules = ""

    /// - Parameters:
    ///   - root: absolute path of the folder that the records' paths are below.
    ///   - twins: of the folder of compressed twins.
    func site(root: String, twins: String) -> StaticSite {
        var site: [StaticSite.Name: StaticSite.File] = [:]
        site.reserveCapacity(records.count)
        for (url, record) in records {
            site[url] = StaticSite.File(
                path: record.path, mediaType: MediaType.of(url.text), etag: "\"\(record.tag)\"", size: record.size,
                modified: record.modifiedSeconds, brotli: record.brotli, gzip: record.gzip,
                isImmutable: HashedName.isHashed(url.text))
        }
        return StaticSite(
            root: root, twins: twins, files: site,
            redirects: redirects.isEmpty ? [] : RedirectsParser.parse(redirects).rules.map(\.rule),
            headers: headers.isEmpty ? [] : HeadersParser.parse(headers).rules)
    }
}

// The file's format: fields that each end in NUL, which no path has. First `berth-site`, the version, the output folder,
// the texts of `_redirects` and `_headers`, the app whose content is shared and the rules' name (both may be empty), and the
// number of records, then nine fields a record: URL path, file path (empty when it is the same), tag, size, seconds,
// nanoseconds, inode, sizes of the Brotli and gzip twins (empty when there is none); at the end `end`. Ten thousand files
// are read in a few milliseconds. Version 2 has no app and no rules' name, version 1 no texts and no twins either.
extension SiteManifest {
    private static let magic = "berth-site"
    private static let version = "3"

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(records.count * 128 + 64)
        func add(_ text: String) {
            bytes.append(contentsOf: text.utf8)
            bytes.append(0)
        }
        [Self.magic, Self.version, output, redirects, headers].forEach(add)
        [shared?.description ?? "", rules, String(records.count)].forEach(add)
        for (url, record) in records {
            add(url.text)
            add(record.path.utf8.elementsEqual(url.text.utf8) ? "" : record.path)
            add(record.tag)
            add(String(record.size))
            add(String(record.modifiedSeconds))
            add(String(record.modifiedNanoseconds))
            add(String(record.inode))
            add(record.brotli.map(String.init) ?? "")
            add(record.gzip.map(String.init) ?? "")
        }
        add("end")
        return bytes
    }

    /// `nil` when the bytes are not a whole manifest of this version.
    init?(encoded bytes: [UInt8]) {
        var reader = FieldReader(bytes: bytes)
        guard reader.text() == Self.magic, let version = reader.text(), ["1", "2", Self.version].contains(version),
            let output = reader.text()
        else { return nil }
        let isOld = version == "1"
        let hasApp = version == Self.version
        guard let redirects = isOld ? "" : reader.text(), let headers = isOld ? "" : reader.text(),
            let app = hasApp ? reader.text() : "", let rules = hasApp ? reader.text() : "",
            let count = reader.integer(), (0...bytes.count).contains(count)
        else { return nil }
        var records: [StaticSite.Name: Record] = [:]
        records.reserveCapacity(count)
        for _ in 0..<count {
            guard let url = reader.text(), let path = reader.text(), let tag = reader.text(),
                let size = reader.integer(), let seconds = reader.integer(), let nanoseconds = reader.integer(),
                let inode = reader.integer()
            else { return nil }
            var record = Record(
                path: path.isEmpty ? url : path, tag: tag, size: size, modifiedSeconds: seconds,
                modifiedNanoseconds: nanoseconds, inode: UInt64(inode))
            if !isOld {
                guard let brotli = reader.optionalInteger(), let gzip = reader.optionalInteger() else { return nil }
                record.brotli = brotli
                record.gzip = gzip
            }
            records[StaticSite.Name(url)] = record
        }
        guard records.count == count, reader.text() == "end" else { return nil }
        self.init(output: output, records: records, redirects: redirects, headers: headers)
        self.rules = rules
        if app.isEmpty { return }
        guard let id = ID<App>(app) else { return nil }
        shared = id
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

        /// `nil` inside for an empty field.
        mutating func optionalInteger() -> Int?? {
            guard position < bytes.count, bytes[position] == 0 else {
                guard let number = integer() else { return nil }
                return .some(number)
            }
            position += 1
            return .some(nil)
        }

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
