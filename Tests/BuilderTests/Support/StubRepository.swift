import Core
import Foundation
import Glibc
import Synchronization

/// Commits in memory that are laid out as real files. Unchanged files are hard-linked, as git's adapter does.
final class StubRepository: SourceRepository {
    enum Entry: Hashable {
        case file([UInt8])
        case symlink(String)
        /// Laid out as an empty folder.
        case submodule

        static func text(_ text: String) -> Entry { .file(Array(text.utf8)) }
    }

    typealias Tree = [String: Entry]

    private let commits = Mutex<[CommitID: Tree]>([:])
    private let requests = Mutex<[CheckoutRequest]>([])

    private let modules = Mutex<[CommitID: [Submodule]]>([:])

    /// What `submodules` says of a commit.
    func setSubmodules(_ list: [Submodule], of commit: CommitID) { modules.withLock { $0[commit] = list } }

    /// What was asked of `checkOut`, in order.
    var checkouts: [CheckoutRequest] { requests.withLock { $0 } }

    func commit(_ tree: Tree) throws -> CommitID {
        try commits.withLock { commits in
            let id = try require(
                CommitID(String(repeating: "0", count: 32) + String(commits.count + 0x1000_0000, radix: 16)))
            commits[id] = tree
            return id
        }
    }

    func commit(texts: [String: String]) throws -> CommitID { try commit(texts.mapValues { .text($0) }) }

    private func tree(_ commit: CommitID) throws(PlatformError) -> Tree {
        guard let tree = commits.withLock({ $0[commit] }) else { throw .notFound("commit") }
        return tree
    }

    func entries(of folder: String, commit: CommitID, app: ID<App>) async throws(PlatformError) -> [String]? {
        let prefix = folder.isEmpty ? "" : folder + "/"
        let tree = try tree(commit)
        let names = tree.map { path, entry in entry == .submodule ? path + "/" : path }
        let paths = names.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
        guard folder.isEmpty || !paths.isEmpty else { return nil }
        return Set(paths.map { path in path.firstIndex(of: "/").map { String(path[...$0]) } ?? String(path) }).sorted()
    }

    func file(_ path: String, commit: CommitID, app: ID<App>, limit: Int) async throws(PlatformError) -> [UInt8]? {
        guard case .file(let bytes) = try tree(commit)[path], bytes.count <= limit else { return nil }
        return bytes
    }

    func checkOut(_ request: CheckoutRequest) async throws(PlatformError) -> CheckoutReport {
        requests.withLock { $0.append(request) }
        let tree = try tree(request.commit)
        let old = try request.previous.map { previous throws(PlatformError) in try self.tree(previous.commit) } ?? [:]
        let sizes = tree.values.map { entry -> Int in
            guard case .file(let bytes) = entry else { return 0 }
            return bytes.count
        }
        try request.allowance.check(entries: tree.count)
        try request.allowance.check(bytes: sizes.reduce(0, +))
        var (linked, written) = (0, 0)
        do {
            let files = FileManager.default
            try files.createDirectory(atPath: request.directory, withIntermediateDirectories: false)
            for (path, entry) in tree {
                let target = "\(request.directory)/\(path)"
                let folder = target[..<(target.lastIndex(of: "/") ?? target.startIndex)]
                try files.createDirectory(atPath: String(folder), withIntermediateDirectories: true)
                if let previous = request.previous, case .file = entry, old[path] == entry {
                    guard link("\(previous.directory)/\(path)", target) == 0 else {
                        throw PlatformError.invalid("link")
                    }
                    linked += 1
                    continue
                }
                switch entry {
                case .file(let bytes):
                    written += bytes.count
                    try Data(bytes).write(to: URL(fileURLWithPath: target))
                case .symlink(let text):
                    guard symlink(text, target) == 0 else { throw PlatformError.invalid("symlink") }
                case .submodule:
                    try files.createDirectory(atPath: target, withIntermediateDirectories: false)
                }
            }
        } catch {
            throw .internal("checkout failed", cause: error)
        }
        return CheckoutReport(files: tree.count, linked: linked, bytes: written)
    }

    func submodules(of commit: CommitID, app: ID<App>) async throws(PlatformError) -> [Submodule] {
        modules.withLock { $0[commit] ?? [] }
    }

    /// All apps have all commits here.
    func resolve(_ revision: Revision, app: ID<App>) async throws(PlatformError) -> CommitID? {
        guard case .commit(let commit) = revision else { return nil }
        return commits.withLock { $0[commit] == nil ? nil : commit }
    }

    // MARK: - Files by content

    private let written = Mutex<[Set<BlobID>]>([])
    private let contents = Mutex<[BlobID: [UInt8]]>([:])
    private let compared = Mutex<[CommitID?]>([])

    /// Every commit has a link, it says: then a site's files have to be laid out.
    let hasLinks: Bool

    init(hasLinks: Bool = false) { self.hasLinks = hasLinks }

    /// What was asked of `write`, in order.
    var writes: [Set<BlobID>] { written.withLock { $0 } }
    /// The earlier commits that `changes` was asked for, in order.
    var comparisons: [CommitID?] { compared.withLock { $0 } }

    /// A name as git's are, if not the same one.
    func blob(_ bytes: [UInt8]) throws(PlatformError) -> BlobID {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        let text = String(repeating: "0", count: 16 - digits.count) + digits
        let id = try require(BlobID(text + text + text.prefix(8)))
        contents.withLock { $0[id] = bytes }
        return id
    }

    func changes(
        from earlier: CommitID?, to commit: CommitID, app: ID<App>
    ) async throws(PlatformError) -> TreeChanges {
        compared.withLock { $0.append(earlier) }
        let (old, new) = (try earlier.map { commit throws(PlatformError) in try tree(commit) } ?? [:], try tree(commit))
        var changes = hasLinks ? [TreeChange(path: Array("link".utf8), entry: .symlink)] : []
        for path in Set(old.keys).union(new.keys) where old[path] != new[path] {
            let entry: TreeChange.Entry? =
                switch new[path] {
                case .file(let bytes): .file(try blob(bytes))
                case .symlink: .symlink
                case .submodule: .submodule
                case nil: nil
                }
            changes.append(TreeChange(path: Array(path.utf8), entry: entry))
        }
        return TreeChanges(changes: changes, isRelative: earlier != nil)
    }

    func write(
        _ blobs: Set<BlobID>, to directory: String, app: ID<App>, within allowance: ReleaseAllowance
    ) async throws(PlatformError) {
        written.withLock { $0.append(blobs) }
        let sizes = contents.withLock { contents in blobs.map { contents[$0]?.count ?? 0 } }
        try allowance.check(bytes: sizes.reduce(0, +))
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
            for blob in blobs {
                let bytes = contents.withLock { $0[blob] } ?? []
                try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/\(blob)"))
            }
        } catch {
            throw .internal("writing failed", cause: error)
        }
    }

    // MARK: - Not used by builds

    func create(_ app: ID<App>, head: BranchName) async throws(PlatformError) {}
    func delete(_ app: ID<App>) async throws(PlatformError) {}
    func exists(_ app: ID<App>) async -> Bool { true }
    func setHead(_ branch: BranchName, app: ID<App>) async throws(PlatformError) {}
    func branches(app: ID<App>) async throws(PlatformError) -> [BranchName] { [] }
    func pin(_ commit: CommitID, deploy: ID<Deploy>, app: ID<App>) async throws(PlatformError) {}
    func unpin(_ deploy: ID<Deploy>, app: ID<App>) async throws(PlatformError) {}
}

private func require<Value>(_ value: Value?) throws(PlatformError) -> Value {
    guard let value else { throw PlatformError.invalid("a value is missing") }
    return value
}
