import Core
import Glibc

/// Lays the files of a commit out in a new folder: every step is relative to an open folder and follows no link, and links
/// are made last. Files that the previous checkout has too are hard-linked from it.
struct Checkout: ~Copyable {
    /// A folder that is being filled.
    private struct Frame {
        let folder: OpenFile
        /// The same folder of the previous checkout.
        let previous: OpenFile?
        let path: [UInt8]
        let entries: [CheckoutEntry]
        /// What the previous commit has here, by name.
        let known: [[UInt8]: CheckoutEntry]
        /// Whether the two trees are one, so that every entry is known.
        let isUnchanged: Bool
        var next = 0
    }

    private let request: CheckoutRequest
    private let limits: CheckoutLimits
    private var stack: [Frame] = []
    private var links = SymbolicLinks()
    private var pendingLinks: [PendingLink] = []
    private var writer: FileWriter

    private struct PendingLink {
        let folder: OpenFile
        let name: [UInt8]
        let target: [UInt8]
    }

    init(_ request: CheckoutRequest, limits: CheckoutLimits) {
        self.request = request
        self.limits = limits
        writer = FileWriter(account: request.account, limits: limits, allowance: request.allowance)
    }

    /// Writes everything and makes it durable. On an error the folder is removed.
    mutating func run(_ repository: borrowing Repository) throws(GitError) -> CheckoutReport {
        try FileSystem.makeFolder(request.directory)
        do throws(GitError) {
            let root = try OpenFile(request.directory, flags: O_RDONLY | O_DIRECTORY)
            try writer.own(root, mode: 0o755)
            try pushRoot(root, repository)
            var blobs = try BlobStream(repository.packs.packs(in: "\(repository.directory)/objects/pack"))
            var count = 0
            while let top = stack.last {
                guard top.next < top.entries.count else {
                    writer.flushes.add(folder: top.folder)
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                count += 1
                try writer.check(entries: count)
                try lay(top.entries[top.next], in: top, repository, &blobs)
            }
            if let path = links.firstEscaping() {
                throw Self.unusable("the symbolic link \(Self.shown(path)) leads out of the repository")
            }
            for link in pendingLinks { try writer.link(link.name, to: link.target, in: link.folder) }
            try writer.flushes.flush(root: root)
            return writer.report
        } catch {
            stack = []
            FileSystem.removeTree(request.directory)
            throw error
        }
    }

    private mutating func lay(
        _ entry: CheckoutEntry, in top: Frame, _ repository: borrowing Repository, _ blobs: inout BlobStream
    ) throws(GitError) {
        let path = top.path.isEmpty ? entry.name : top.path + [UInt8(ascii: "/")] + entry.name
        guard path.count <= limits.pathBytes else { throw Self.unusable("the path \(Self.shown(path)) is too long") }
        let known = top.isUnchanged ? entry : top.known[entry.name]
        switch entry.kind {
        case .file, .executable:
            if let known, known.id == entry.id, known.kind == entry.kind, let previous = top.previous,
                try writer.hardLink(entry, from: previous, in: top.folder)
            {
                return
            }
            try writer.write(entry, in: top.folder, repository, &blobs)
        case .symlink:
            let target = try repository.objects.read(entry.id, as: .blob) { (bytes) throws(GitError) -> [UInt8]? in
                bytes.count <= SymbolicLinks.maximumTargetBytes ? Array(bytes) : nil
            }
            guard let target else { throw Self.unusable("the symbolic link \(Self.shown(path)) is too long") }
            links.add(path, target: target)
            pendingLinks.append(PendingLink(folder: top.folder, name: entry.name, target: target))
        case .submodule:
            writer.flushes.add(folder: try writer.makeFolder(entry.name, in: top.folder))
        case .folder:
            guard stack.count < limits.depth else {
                throw Self.unusable("the folder \(Self.shown(path)) lies too deep")
            }
            let folder = try writer.makeFolder(entry.name, in: top.folder)
            var previous: OpenFile?
            if let known, known.kind == .folder, let parent = top.previous {
                previous = try? OpenFile(entry.name, in: parent, flags: O_RDONLY | O_DIRECTORY)
            }
            try push(folder, previous, path: path, tree: entry.id, previousTree: known?.id, repository)
        }
    }

    private mutating func pushRoot(_ root: OpenFile, _ repository: borrowing Repository) throws(GitError) {
        let tree = try repository.commit(ObjectID(request.commit)).tree
        // The previous checkout only saves work; when it cannot be used everything is written.
        var previousTree: ObjectID?
        var previous: OpenFile?
        if let earlier = request.previous {
            previousTree = try? repository.commit(ObjectID(earlier.commit)).tree
            previous = try? OpenFile(earlier.directory, flags: O_RDONLY | O_DIRECTORY)
        }
        try push(root, previous, path: [], tree: tree, previousTree: previousTree, repository)
    }

    private mutating func push(
        _ folder: OpenFile, _ previous: OpenFile?, path: [UInt8], tree: ObjectID, previousTree: ObjectID?,
        _ repository: borrowing Repository
    ) throws(GitError) {
        var known: [[UInt8]: CheckoutEntry] = [:]
        let isUnchanged = previous != nil && previousTree == tree
        if previous != nil, !isUnchanged, let previousTree,
            let entries = try? CheckoutEntry.all(of: previousTree, in: repository)
        {
            for entry in entries { known[entry.name] = entry }
        }
        stack.append(
            Frame(
                folder: folder, previous: previous, path: path,
                entries: try CheckoutEntry.all(of: tree, in: repository),
                known: known, isUnchanged: isUnchanged))
    }

    private static func shown(_ path: [UInt8]) -> String {
        "\"\(ShownText.of(String(decoding: path, as: UTF8.self), limit: 500))\""
    }

    private static func unusable(_ message: String) -> GitError { GitError(.unusable, message, operation: "checkout") }
}
