import CGit2

/// Makes one pack of named objects.
struct PackSender: ~Copyable {
    private let builder: OpaquePointer

    init(_ repository: borrowing Repository) throws(GitError) {
        builder = try repository.withPointer { (pointer) throws(GitError) in
            var builder: OpaquePointer?
            try LibGit2.check(git_packbuilder_new(&builder, pointer), "git_packbuilder_new")
            guard let builder else { throw GitError(.library(-1), "no builder", operation: "git_packbuilder_new") }
            return builder
        }
        git_packbuilder_set_threads(builder, 1)
    }

    deinit { git_packbuilder_free(builder) }

    /// Adds an object. The name of a file or folder helps to find similar ones.
    func insert(_ id: ObjectID, name: String? = nil) throws(GitError) {
        var oid = id.oid
        try LibGit2.check(git_packbuilder_insert(builder, &oid, name), "git_packbuilder_insert")
    }

    /// Writes the pack, with its trailer, to `spool`.
    func write(to spool: inout PackSpool) throws(GitError) {
        var failure: GitError?
        let status = withUnsafeMutablePointer(to: &spool) { spool in
            withUnsafeMutablePointer(to: &failure) { failure in
                var context = (spool, failure)
                return git_packbuilder_foreach(
                    builder,
                    { bytes, count, context in
                        typealias Context = (UnsafeMutablePointer<PackSpool>, UnsafeMutablePointer<GitError?>)
                        guard let (spool, failure) = context?.assumingMemoryBound(to: Context.self).pointee else {
                            return -1
                        }
                        do throws(GitError) {
                            try spool.pointee.append(UnsafeRawBufferPointer(start: bytes, count: count))
                            return 0
                        } catch {
                            failure.pointee = error
                            return -1
                        }
                    }, &context)
            }
        }
        if let failure { throw failure }
        try LibGit2.check(status, "git_packbuilder_foreach")
    }
}
