import CGit2

/// Read access to a set of objects: a repository's. Stays on the thread that opened it.
package struct ObjectDatabase: ~Copyable {
    private let pointer: OpaquePointer
    /// What is known of how far trees go.
    let extents: TreeExtentCache

    /// Takes over `pointer`.
    init(owning pointer: OpaquePointer, extents: TreeExtentCache) {
        self.pointer = pointer
        self.extents = extents
    }

    /// Opens a folder of objects, for one use.
    init(folder: String) throws(GitError) {
        extents = TreeExtentCache(limit: 0)
        var database: OpaquePointer?
        try LibGit2.check(git_odb_open(&database, folder), "git_odb_open")
        guard let database else { throw GitError(.library(-1), "no database", operation: "git_odb_open") }
        pointer = database
    }

    deinit { git_odb_free(pointer) }

    /// Lends the pointer to the pack code of this module.
    func withPointer<Value, Failure: Error>(
        _ body: (OpaquePointer) throws(Failure) -> Value
    ) throws(Failure) -> Value { try body(pointer) }

    /// Whether the object is there, without looking for packs that came after the opening.
    package func contains(_ id: ObjectID) -> Bool {
        var oid = id.oid
        return git_odb_exists_ext(pointer, &oid, UInt32(GIT_ODB_LOOKUP_NO_REFRESH.rawValue)) == 1
    }

    /// Looks for packs that came after the opening.
    package func refresh() { _ = git_odb_refresh(pointer) }

    /// Adds the objects of one pack that lies elsewhere.
    /// - Parameter path: of its files, without `.pack` and `.idx`.
    func add(packAt path: String) throws(GitError) {
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
        guard contains(id) else { return nil }
        var oid = id.oid
        var size = 0
        var type = GIT_OBJECT_INVALID
        try LibGit2.check(git_odb_read_header(&size, &type, pointer, &oid), "git_odb_read_header")
        guard let kind = ObjectKind(type) else { throw Self.wrongKind(id) }
        return (kind, size)
    }

    /// Lends an object's bytes to `body`. They are in memory once, whatever their size.
    package func read<Value>(
        _ id: ObjectID, _ body: (ObjectKind, UnsafeRawBufferPointer) throws(GitError) -> Value
    ) throws(GitError) -> Value {
        var oid = id.oid
        var object: OpaquePointer?
        try LibGit2.check(git_odb_read(&object, pointer, &oid), "git_odb_read")
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
