import Blocking
import Core
import Foundation
import Glibc

extension RepositoryStore: SourceRepository {
    public func create(_ app: ID<App>, head: BranchName) async throws(PlatformError) {
        let directory = directory(of: app)
        let root = configuration.root
        try await run { () throws(GitError) in
            guard !FileSystem.exists(directory) else {
                throw GitError(.exists, "it exists", operation: "create")
            }
            // Made under another name first: a repository is there whole or not at all.
            let draft = "\(root)/\(UUID().uuidString)\(Self.unfinishedSuffix)"
            defer { FileSystem.removeTree(draft) }
            try FileSystem.makeFolder(draft)
            for folder in ["objects", "objects/info", "objects/pack", "refs", "refs/heads", "refs/tags"] {
                try FileSystem.makeFolder("\(draft)/\(folder)")
            }
            try FileSystem.create("\(draft)/HEAD", "ref: \(head.ref)\n")
            let settings = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
            try FileSystem.create("\(draft)/config", settings)
            for folder in ["objects", "refs", ""] { try FileSystem.flush("\(draft)/\(folder)") }
            guard rename(draft, directory) == 0 else { throw LibGit2.systemError("rename") }
            try FileSystem.flush(root)
        }
    }

    public func delete(_ app: ID<App>) async throws(PlatformError) {
        let directory = directory(of: app)
        let root = configuration.root
        try await run { () throws(GitError) in
            let grave = "\(root)/\(UUID().uuidString)\(Self.unfinishedSuffix)"
            guard rename(directory, grave) == 0 else {
                if errno == ENOENT { return }
                throw LibGit2.systemError("rename")
            }
            try FileSystem.flush(root)
            FileSystem.removeTree(grave)
        }
        forget(app)
    }

    public func exists(_ app: ID<App>) async -> Bool {
        let directory = directory(of: app)
        return await pool.run { () throws(Never) in FileSystem.exists("\(directory)/HEAD") }
    }

    public func setHead(_ branch: BranchName, app: ID<App>) async throws(PlatformError) {
        try await use(app) { (repository) throws(GitError) in try repository.references.setHead(branch.ref) }
    }

    public func resolve(_ revision: Revision, app: ID<App>) async throws(PlatformError) -> CommitID? {
        try await use(app) { (repository) throws(GitError) in
            let id: ObjectID?
            switch revision {
            case .commit(let commit): id = ObjectID(commit)
            case .branch(let branch): id = try repository.references.value(of: branch.ref)
            }
            guard let id, try repository.objects.header(id)?.kind == .commit else { return nil }
            return id.commitID
        }
    }

    public func branches(app: ID<App>) async throws(PlatformError) -> [BranchName] {
        try await use(app) { (repository) throws(GitError) in
            try repository.references.all().compactMap { BranchName(ref: $0.name) }
        }
    }

    public func file(
        _ path: String, commit: CommitID, app: ID<App>, limit: Int
    ) async throws(PlatformError) -> [UInt8]? {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
        return try await use(app) { (repository) throws(GitError) in
            var id = try repository.commit(ObjectID(commit)).tree
            for (index, part) in parts.enumerated() {
                let isLast = index == parts.count - 1
                guard let entry = try repository.entry(part, of: id), isLast ? entry.isFile : entry.kind == .folder
                else { return nil }
                id = entry.id
            }
            guard !parts.isEmpty, let size = try repository.objects.header(id)?.size, size <= limit else { return nil }
            return try repository.objects.read(id, as: .blob) { Array($0) }
        }
    }

    public func entries(
        of folder: String, commit: CommitID, app: ID<App>
    ) async throws(PlatformError) -> [String]? {
        let parts = folder.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
        return try await use(app) { (repository) throws(GitError) in
            var tree = try repository.commit(ObjectID(commit)).tree
            for part in folder.isEmpty ? [] : parts {
                guard let entry = try repository.entry(part, of: tree), entry.kind == .folder else { return nil }
                tree = entry.id
            }
            return try repository.objects.read(tree, as: .tree) { (bytes) throws(GitError) in
                var names: [String] = []
                var reader = TreeReader(bytes)
                while let entry = try reader.next() {
                    let isFolder = entry.kind == .folder || entry.kind == .submodule
                    names.append(isFolder ? entry.text + "/" : entry.text)
                }
                return names.sorted()
            }
        }
    }

    public func pin(_ commit: CommitID, deploy: ID<Deploy>, app: ID<App>) async throws(PlatformError) {
        try await use(app) { (repository) throws(GitError) in
            let name = Self.pinName(deploy)
            guard try repository.objects.header(ObjectID(commit))?.kind == .commit else {
                throw GitError(.notFound, "no such commit", operation: "pin")
            }
            let old = try repository.references.value(of: name) ?? .zero
            if old == ObjectID(commit) { return }
            try repository.updateOne(ReferenceUpdate(name: name, old: old, new: ObjectID(commit)))
        }
    }

    public func unpin(_ deploy: ID<Deploy>, app: ID<App>) async throws(PlatformError) {
        try await use(app) { (repository) throws(GitError) in
            let name = Self.pinName(deploy)
            guard let old = try repository.references.value(of: name) else { return }
            try repository.updateOne(ReferenceUpdate(name: name, old: old, new: .zero))
        }
    }

    public func checkOut(_ request: CheckoutRequest) async throws(PlatformError) -> CheckoutReport {
        let limits = configuration.checkout
        return try await use(request.app) { (repository) throws(GitError) in
            var checkout = Checkout(request, limits: limits)
            return try checkout.run(repository)
        }
    }

    public func changes(
        from earlier: CommitID?, to commit: CommitID, app: ID<App>
    ) async throws(PlatformError) -> TreeChanges {
        let limits = configuration.checkout
        return try await use(app) { (repository) throws(GitError) in
            try TreeComparison.changes(from: earlier, to: commit, limits: limits, repository)
        }
    }

    public func write(
        _ blobs: Set<BlobID>, to directory: String, app: ID<App>, within allowance: ReleaseAllowance
    ) async throws(PlatformError) {
        let limits = configuration.checkout
        return try await use(app) { (repository) throws(GitError) in
            try BlobFiles.write(blobs, to: directory, limits: limits, allowance: allowance, repository)
        }
    }

    private static func pinName(_ deploy: ID<Deploy>) -> String { "\(References.hiddenPrefix)deploys/\(deploy)" }

    private func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(GitError) -> Value
    ) async throws(PlatformError) -> Value {
        do throws(GitError) { return try await pool.run(body) } catch { throw error.platformError("the repository") }
    }

    func use<Value: Sendable>(
        _ app: ID<App>, _ body: @escaping @Sendable (borrowing Repository) throws(GitError) -> Value
    ) async throws(PlatformError) -> Value {
        do throws(GitError) {
            return try await withRepository(app, body)
        } catch {
            throw error.platformError(error.operation == "git_odb_read" ? "the commit" : "the repository")
        }
    }
}

extension Repository {
    /// What a tree says of one name.
    struct Found {
        let id: ObjectID
        let kind: TreeReader.Kind
        var isFile: Bool { kind == .file || kind == .executable }
    }

    borrowing func entry(_ name: [UInt8], of tree: ObjectID) throws(GitError) -> Found? {
        try objects.read(tree, as: .tree) { (bytes) throws(GitError) in
            var reader = TreeReader(bytes)
            while let entry = try reader.next() {
                if let kind = entry.kind, entry.name.elementsEqual(name) { return Found(id: entry.id, kind: kind) }
            }
            return nil
        }
    }

    borrowing func updateOne(_ update: ReferenceUpdate) throws(GitError) {
        if let failure = try self.update([update]).first ?? nil { throw failure }
    }
}
