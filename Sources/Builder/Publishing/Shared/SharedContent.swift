import Core
import Glibc

/// What an app's plain sites publish, by content: a file under the name of its blob, its compressed twins under its tag. All
/// releases share it and have no more than their manifest of their own, so that a file costs a deploy nothing unless it
/// is new.
///
/// `<releases>/sites/<app>/files/<2 digits>/<38 digits>`, `.../twins/<tag>.br` and `.gz`, and in `.../manifests` one for
/// each release that names something here, `<release>`. Such a manifest is there before what it names, and goes after it:
/// a crash leaves nothing behind that the next `collect` does not find.
public struct SharedContent: Sendable {
    let releases: String
    let app: ID<App>

    /// - Parameter releases: absolute path of the releases' folder.
    public init(releases: String, app: ID<App>) {
        self.releases = releases
        self.app = app
    }

    /// Absolute path.
    public var folder: String { "\(releases)/sites/\(app)" }
    var files: String { "\(folder)/files" }
    var twins: String { "\(folder)/twins" }
    var manifests: String { "\(folder)/manifests" }

    /// Where a blob's file is below `files`.
    static func path(_ blob: BlobID) -> String { "\(blob.rawValue.prefix(2))/\(blob.rawValue.dropFirst(2))" }

    /// What a build has made, in its release's folder.
    struct Addition {
        /// Absolute path of the folder with a file for each of `blobs`.
        var files: String
        var blobs: [BlobID] = []
        /// Absolute path of the folder of twins.
        var twins: String
        var twinNames: [String] = []
    }

    /// The blobs that have a file here. It may be one that a crash has left half written. Blocks.
    func existing(_ blobs: some Sequence<BlobID>) -> [BlobID] {
        blobs.filter { access("\(files)/\(Self.path($0))", F_OK) == 0 }
    }

    /// How kept releases describe these blobs, and which releases those are. Blocks.
    func known(_ blobs: [BlobID]) throws -> (records: [BlobID: SiteManifest.Named], releases: Set<ID<Release>>) {
        guard !blobs.isEmpty else { return ([:], []) }
        var wanted = Dictionary(uniqueKeysWithValues: blobs.map { (Self.path($0), $0) })
        var records: [BlobID: SiteManifest.Named] = [:]
        var releases: Set<ID<Release>> = []
        try hold {
            for (release, isKept) in try registered() where isKept && !wanted.isEmpty {
                guard let manifest = try manifest(release) else { continue }
                for (name, record) in manifest.records {
                    guard let blob = wanted.removeValue(forKey: record.path) else { continue }
                    records[blob] = .init(name: name, record: record)
                    releases.insert(release)
                }
            }
        }
        return (records, releases)
    }

    /// Takes in what a release adds and keeps its manifest, durably. False, with nothing done, when one of `sources` is no
    /// longer there: what it named may be gone. Blocks.
    func add(
        _ addition: Addition, manifest: [UInt8], of release: ID<Release>, relyingOn sources: Set<ID<Release>>
    ) throws -> Bool {
        for path in [files, twins, manifests] { try FolderCreation.create(path) }
        return try hold {
            guard sources.allSatisfy({ isKept($0) && access("\(manifests)/\($0)", F_OK) == 0 }) else { return false }
            let own = try FolderHandle(path: "\(releases)/\(release)")
            try SmallFile.create(manifest, name: SiteManifest.fileName, in: own)
            let kept = "\(own.path)/\(SiteManifest.fileName)"
            guard link(kept, "\(manifests)/\(release)") == 0 else { throw FileError("link", "\(manifests)/\(release)") }
            var new = [kept]
            for blob in addition.blobs {
                let target = "\(files)/\(Self.path(blob))"
                try move("\(addition.files)/\(blob)", to: target, below: "\(files)/\(blob.rawValue.prefix(2))")
                new.append(target)
            }
            for name in addition.twinNames {
                try move("\(addition.twins)/\(name)", to: "\(twins)/\(name)", below: nil)
                new.append("\(twins)/\(name)")
            }
            try FileSystemSync.sync(own, files: new)
            return true
        }
    }

    private func move(_ source: String, to target: String, below parent: String?) throws(FileError) {
        if rename(source, target) == 0 { return }
        guard errno == ENOENT, let parent, mkdir(parent, 0o700) == 0, rename(source, target) == 0 else {
            throw FileError("rename", source)
        }
    }

    // MARK: - What nobody names any more

    /// Removes what only releases named that are gone. Blocks.
    func collect() throws {
        guard access(manifests, F_OK) == 0 else { return }
        try hold {
            let registered = try registered()
            let gone = registered.filter { !$0.isKept }.map(\.release)
            guard !gone.isEmpty else { return }
            var unused = Names()
            for release in gone {
                guard let manifest = try manifest(release) else {
                    // It cannot be read, so all that there is may be its.
                    unused = try all()
                    break
                }
                unused.insert(manifest)
            }
            for (release, isKept) in registered where isKept {
                // Without what it names nothing can be told.
                guard let manifest = try manifest(release) else {
                    throw FileError("read manifest", "\(manifests)/\(release)", errno: EILSEQ)
                }
                unused.remove(manifest)
            }
            for path in unused.files { unlink("\(files)/\(path)") }
            for name in unused.twins { unlink("\(twins)/\(name)") }
            for release in gone { unlink("\(manifests)/\(release)") }
        }
    }

    private struct Names {
        var files: Set<String> = []
        var twins: Set<String> = []

        mutating func insert(_ manifest: SiteManifest) {
            for record in manifest.records.values {
                files.insert(record.path)
                twins.formUnion(record.twinNames)
            }
        }

        mutating func remove(_ manifest: SiteManifest) {
            for record in manifest.records.values {
                files.remove(record.path)
                for name in record.twinNames { twins.remove(name) }
            }
        }
    }

    private func all() throws(FileError) -> Names {
        var names = Names()
        let top = try FolderHandle(path: files)
        for part in try top.entries() {
            for name in try top.folder(part).entries() { names.files.insert("\(part)/\(name)") }
        }
        for name in try FolderHandle(path: twins).entries() { names.twins.insert("\(name)") }
        return names
    }

    // MARK: - Releases

    /// Releases that name something here, and whether they are kept.
    private func registered() throws(FileError) -> [(release: ID<Release>, isKept: Bool)] {
        guard access(manifests, F_OK) == 0 else { return [] }
        return try FolderHandle(path: manifests).entries().compactMap { name in
            name.text.flatMap { ID<Release>($0) }.map { ($0, isKept($0)) }
        }
    }

    /// A link's count would tell too, but not in a copy of the data folder that was made without regard for links.
    private func isKept(_ release: ID<Release>) -> Bool {
        access("\(releases)/\(release)/\(SiteManifest.fileName)", F_OK) == 0
    }

    /// `nil` when it is damaged.
    private func manifest(_ release: ID<Release>) throws(FileError) -> SiteManifest? {
        try SmallFile.read(name: "\(release)", in: FolderHandle(path: manifests)).flatMap { SiteManifest(encoded: $0) }
    }

    /// One at a time, whatever the process.
    private func hold<Value>(_ body: () throws -> Value) throws -> Value {
        try FolderCreation.create(folder)
        let handle = try FolderHandle(path: folder)
        while flock(handle.descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw FileError("lock", folder) }
        }
        return try body()
    }
}
