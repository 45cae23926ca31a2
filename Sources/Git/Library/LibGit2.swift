import CGit2
import Glibc
import Synchronization

/// The library's process-wide state and the way its return codes become errors.
enum LibGit2 {
    /// Starts the library once a process. What it is told here holds for every repository: strict creation of objects,
    /// no configuration from the host's home folders, and no ownership test, since every path is one of ours.
    /// Durability is ours too: packs and refs are flushed in one go where they are accepted, which costs fewer flushes
    /// than the library's own switch.
    private static let isStarted: Bool = {
        guard git_libgit2_init() > 0 else { return false }
        _ = cgit2_set_switch(Int32(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION.rawValue), 1)
        _ = cgit2_set_switch(Int32(GIT_OPT_SET_OWNER_VALIDATION.rawValue), 0)
        // Objects are hashed when they are received; hashing them at every reading would cost more than inflating.
        _ = cgit2_set_switch(Int32(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION.rawValue), 0)
        // A repository is open for one request, and what a walk needs again it keeps itself.
        _ = cgit2_set_switch(Int32(GIT_OPT_ENABLE_CACHING.rawValue), 0)
        for level in [
            GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_PROGRAMDATA,
        ] {
            _ = cgit2_set_search_path(Int32(level.rawValue), "")
        }
        return true
    }()

    private static let objectSizeLimit = Atomic(Int.max)

    /// Bytes of the largest object that is read.
    static var maximumObjectSize: Int { objectSizeLimit.load(ordering: .relaxed) }

    /// Makes the library ready. Objects over `maximumObjectSize` bytes, also those that a delta comes to, are refused.
    static func start(maximumObjectSize: Int) throws(GitError) {
        guard isStarted else { throw GitError(.library(-1), "libgit2 does not start", operation: "git_libgit2_init") }
        objectSizeLimit.store(maximumObjectSize, ordering: .relaxed)
        _ = cgit2_set_size_option(Int32(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE.rawValue), maximumObjectSize)
    }

    /// Throws what the library says about `status`, which the call before returned on this thread.
    static func check(_ status: Int32, _ operation: String) throws(GitError) {
        if status < 0 { throw lastError(status, operation) }
    }

    /// The library's error on this thread.
    static func lastError(_ status: Int32, _ operation: String) -> GitError {
        let message = git_error_last().map { String(cString: $0.pointee.message) } ?? "error \(status)"
        git_error_clear()
        return switch git_error_code(status) {
        case GIT_ENOTFOUND: GitError(.notFound, message, operation: operation)
        case GIT_EEXISTS: GitError(.exists, message, operation: operation)
        default: GitError(.library(status), message, operation: operation)
        }
    }

    /// Throws what `errno` says.
    static func systemError(_ operation: String, _ number: Int32 = errno) -> GitError {
        let message = String(cString: strerror(number))
        return switch number {
        case ENOENT: GitError(.notFound, message, operation: operation)
        case EEXIST: GitError(.exists, message, operation: operation)
        default: GitError(.system(number), message, operation: operation)
        }
    }
}
