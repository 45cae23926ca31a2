import CGit2

/// Names objects: the library's SHA-1, which finds out when bytes were made to collide.
struct ObjectHasher: ~Copyable {
    private let database: OpaquePointer

    init() throws(GitError) {
        var database: OpaquePointer?
        try LibGit2.check(git_odb_new(&database), "git_odb_new")
        guard let database else { throw GitError(.library(-1), "no database", operation: "git_odb_new") }
        let status = cgit2_add_hashing_backend(database)
        guard status >= 0 else {
            let error = LibGit2.lastError(status, "git_odb_add_backend")
            git_odb_free(database)
            throw error
        }
        self.database = database
    }

    deinit { git_odb_free(database) }

    static func hash(_ bytes: UnsafeRawBufferPointer, _ kind: ObjectKind) throws(GitError) -> ObjectID {
        var oid = git_oid()
        var nothing: UInt8 = 0
        let status = withUnsafePointer(to: &nothing) {
            git_odb_hash(&oid, bytes.baseAddress ?? UnsafeRawPointer($0), bytes.count, kind.libraryType)
        }
        guard status >= 0 else { throw Self.refusal(status) }
        return ObjectID(oid)
    }

    /// Starts to hash an object whose bytes come in pieces, `size` of them.
    borrowing func begin(_ kind: ObjectKind, size: Int) throws(GitError) -> Stream {
        var stream: UnsafeMutablePointer<git_odb_stream>?
        let status = git_odb_open_wstream(&stream, database, git_object_size_t(size), kind.libraryType)
        guard status >= 0, let stream else { throw LibGit2.lastError(status, "git_odb_open_wstream") }
        return Stream(stream)
    }

    struct Stream: ~Copyable {
        private let stream: UnsafeMutablePointer<git_odb_stream>

        fileprivate init(_ stream: UnsafeMutablePointer<git_odb_stream>) { self.stream = stream }

        deinit { git_odb_stream_free(stream) }

        mutating func append(_ bytes: UnsafeRawBufferPointer) throws(GitError) {
            guard !bytes.isEmpty else { return }
            try LibGit2.check(
                git_odb_stream_write(stream, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count),
                "git_odb_stream_write")
        }

        mutating func finish() throws(GitError) -> ObjectID {
            var oid = git_oid()
            let status = git_odb_stream_finalize_write(&oid, stream)
            guard status >= 0 else { throw ObjectHasher.refusal(status) }
            return ObjectID(oid)
        }
    }

    private static func refusal(_ status: Int32) -> GitError {
        let error = LibGit2.lastError(status, "hash")
        guard error.message.contains("collision") else { return error }
        return GitError(.refused, "collision: an object was made to have the name of another one", operation: "fsck")
    }
}

extension ObjectKind {
    var libraryType: git_object_t {
        switch self {
        case .commit: GIT_OBJECT_COMMIT
        case .tree: GIT_OBJECT_TREE
        case .blob: GIT_OBJECT_BLOB
        case .tag: GIT_OBJECT_TAG
        }
    }
}
