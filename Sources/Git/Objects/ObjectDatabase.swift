import CGit2

/// Read access to a set of objects: a repository's. Stays on the thread that uses it first.
///
/// Packs are read by `PackReader`, which finds them open, and what lies loose by `LooseObject`. The library is asked for what
/// is neither; to open a repository's objects for it asks for several things of every pack.
package struct ObjectDatabase: ~Copyable {
    private final class Handle {
        let folder: String
        let packs: PackCache?
        private var reader: PackReader?
        private(set) var library: OpaquePointer?
        /// Paths of packs that lie elsewhere.
        private var added: [String] = []

        init(folder: String, packs: PackCache?) {
            self.folder = folder
            self.packs = packs
        }

        deinit { git_odb_free(library) }

        func openPacks() throws(GitError) -> PackReader? {
            if let reader { return reader }
            guard let packs else { return nil }
            let made = try PackReader(folder: "\(folder)/pack", cache: packs)
            reader = made
            return made
        }

        func openLibrary() throws(GitError) -> OpaquePointer {
            if let library { return library }
            try LibGit2.check(git_odb_open(&library, folder), "git_odb_open")
            guard let library else { throw GitError(.library(-1), "no database", operation: "git_odb_open") }
            for path in added { try Self.add(path, to: library) }
            return library
        }

        func add(_ path: String) throws(GitError) {
            try openPacks()?.add(path)
            if let library { try Self.add(path, to: library) }
            added.append(path)
        }

        func refresh() {
            reader?.refresh()
            if let library { _ = git_odb_refresh(library) }
        }

        /// Whether there is more than packs that can be read and objects that lie loose.
        var hasMore: Bool { reader?.isComplete == false || hasAlternates }
        private lazy var hasAlternates = FileSystem.exists("\(folder)/info/alternates")

        private static func add(_ path: String, to library: OpaquePointer) throws(GitError) {
            var backend: UnsafeMutablePointer<git_odb_backend>?
            try LibGit2.check(git_odb_backend_one_pack(&backend, path + ".idx"), "git_odb_backend_one_pack")
            let status = git_odb_add_alternate(library, backend, 1)
            guard status >= 0 else {
                let error = LibGit2.lastError(status, "git_odb_add_alternate")
                backend?.pointee.free(backend)
                throw error
            }
        }
    }

    private let handle: Handle
    /// What is known of how far trees go.
    let extents: TreeExtentCache

    /// - Parameters:
    ///   - folder: such as a repository's `objects`.
    ///   - packs: where they are kept open; without it all is left to the library, which does not map whole packs.
    init(folder: String, packs: PackCache? = nil, extents: TreeExtentCache = TreeExtentCache(limit: 0)) {
        handle = Handle(folder: folder, packs: packs)
        self.extents = extents
    }

    /// Whether the object is there, without looking for packs that came after the opening.
    package func contains(_ id: ObjectID) throws(GitError) -> Bool {
        if let packs = try handle.openPacks() {
            if packs.contains(id) || FileSystem.exists(LooseObject.path(of: id, in: handle.folder)) { return true }
            guard handle.hasMore else { return false }
        }
        return try isInLibrary(id)
    }

    /// Looks for packs that came after the opening.
    package func refresh() { handle.refresh() }

    /// Adds the objects of one pack that lies elsewhere.
    /// - Parameter path: of its files, without `.pack` and `.idx`.
    func add(packAt path: String) throws(GitError) { try handle.add(path) }

    /// The kind and size in bytes of an object, `nil` when it is not there.
    package func header(_ id: ObjectID) throws(GitError) -> (kind: ObjectKind, size: Int)? {
        if let packs = try handle.openPacks() {
            if let found = try packs.header(of: id) { return found }
            if let found = try LooseObject.header(of: id, in: handle.folder) { return found }
            guard handle.hasMore else { return nil }
        }
        guard try isInLibrary(id) else { return nil }
        var oid = id.oid
        var size = 0
        var type = GIT_OBJECT_INVALID
        try LibGit2.check(git_odb_read_header(&size, &type, try handle.openLibrary(), &oid), "git_odb_read_header")
        guard let kind = ObjectKind(type) else { throw Self.wrongKind(id) }
        return (kind, size)
    }

    /// Lends an object's bytes to `body`. They are in memory once, whatever their size.
    package func read<Value>(
        _ id: ObjectID, _ body: (ObjectKind, UnsafeRawBufferPointer) throws(GitError) -> Value
    ) throws(GitError) -> Value {
        if let packs = try handle.openPacks() {
            var found = try packs.read(id)
            if found == nil { found = try LooseObject.read(id, in: handle.folder) }
            if let (kind, bytes) = found {
                return try bytes.withBytes { (bytes) throws(GitError) in try body(kind, bytes) }
            }
        }
        var oid = id.oid
        var object: OpaquePointer?
        try LibGit2.check(git_odb_read(&object, try handle.openLibrary(), &oid), "git_odb_read")
        defer { git_odb_object_free(object) }
        guard let kind = ObjectKind(git_odb_object_type(object)) else { throw Self.wrongKind(id) }
        let bytes = UnsafeRawBufferPointer(start: git_odb_object_data(object), count: git_odb_object_size(object))
        return try body(kind, bytes)
    }

    private func isInLibrary(_ id: ObjectID) throws(GitError) -> Bool {
        var oid = id.oid
        return git_odb_exists_ext(try handle.openLibrary(), &oid, UInt32(GIT_ODB_LOOKUP_NO_REFRESH.rawValue)) == 1
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
