import CGit2

/// Read access to a set of objects: a repository's. Stays on the thread that uses it first, which opens it: to open one
/// asks for several things of every pack, and many a look at a repository is at its refs alone.
package struct ObjectDatabase: ~Copyable {
    private final class Handle {
        let folder: String
        var pointer: OpaquePointer?

        init(folder: String) { self.folder = folder }

        deinit { git_odb_free(pointer) }

        func open() throws(GitError) -> OpaquePointer {
            if let pointer { return pointer }
            try LibGit2.check(git_odb_open(&pointer, folder), "git_odb_open")
            guard let pointer else { throw GitError(.library(-1), "no database", operation: "git_odb_open") }
            return pointer
        }
    }

    private let handle: Handle
    /// What is known of how far trees go.
    let extents: TreeExtentCache

    /// - Parameter folder: such as a repository's `objects`.
    init(folder: String, extents: TreeExtentCache = TreeExtentCache(limit: 0)) {
        handle = Handle(folder: folder)
        self.extents = extents
    }

    /// Whether the object is there, without looking for packs that came after the opening.
    package func contains(_ id: ObjectID) throws(GitError) -> Bool {
        var oid = id.oid
        return git_odb_exists_ext(try handle.open(), &oid, UInt32(GIT_ODB_LOOKUP_NO_REFRESH.rawValue)) == 1
    }

    /// Looks for packs that came after the opening.
    package func refresh() {
        if let pointer = handle.pointer { _ = git_odb_refresh(pointer) }
    }

    /// Adds the objects of one pack that lies elsewhere.
    /// - Parameter path: of its files, without `.pack` and `.idx`.
    func add(packAt path: String) throws(GitError) {
        let pointer = try handle.open()
        var backend: UnsafeMutablePointer<git_odb_backend>?
        try LibGit2.check(git_odb_backend_one_pack(&backend, path + ".idx"), "git_odb_backend_one_pack")
        let status = git_odb_add_alternate(pointer, backend, 1)
        guard status >= 0 else {
            let error = LibGit2.lastError(status, "git_odb_add_alternate")
            backend?.pointee.free(backend)
            throw error
        }
    }

    /// The kind and size in bytes of an object, `nil` when it is not there.
    package func header(_ id: ObjectID) throws(GitError) -> (kind: ObjectKind, size: Int)? {
        guard try contains(id) else { return nil }
        var oid = id.oid
        var size = 0
        var type = GIT_OBJECT_INVALID
        try LibGit2.check(git_odb_read_header(&size, &type, try handle.open(), &oid), "git_odb_read_header")
        guard let kind = ObjectKind(type) else { throw Self.wrongKind(id) }
        return (kind, size)
    }

    /// Lends an object's bytes to `body`. They are in memory once, whatever their size.
    package func read<Value>(
        _ id: ObjectID, _ body: (ObjectKind, UnsafeRawBufferPointer) throws(GitError) -> Value
    ) throws(GitError) -> Value {
        var oid = id.oid
        var object: OpaquePointer?
        try LibGit2.check(git_odb_read(&object, try handle.open(), &oid), "git_odb_read")
        defer { git_odb_object_free(object) }
        guard let kind = ObjectKind(git_odb_object_type(object)) else { throw Self.wrongKind(id) }
        let bytes = UnsafeRawBufferPointer(start: git_odb_object_data(object), count: git_odb_object_size(object))
        return try body(kind, bytes)
    }

    /// Like `read`, for an object that must be of one kind.
    package func read<Value>(
        _ id: ObjectID, as expected: ObjectKind, _ body: (UnsafeRawBufferPointer) throws(GitError) -> Value
    ) throws(GitError) -> Value {
        try read(id) { (kind, bytes) throws(GitError) -> Value in
            guard kind == expected else { throw Self.wrongKind(id) }
            return try body(bytes)
        }
    }

    static func wrongKind(_ id: ObjectID) -> GitError {
        GitError(.refused, "object \(id) is not of the kind that it is used as", operation: "read")
    }
}
