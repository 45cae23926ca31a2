import CGit2
import Glibc

/// What a process gives up before it reads a stranger's bytes. None of it comes back.
enum ProcessRights {
    /// An account that nobody has (Debian policy 9.2.2 reserves it).
    static let account: uid_t = 65_533

    /// Has the process see no file outside the current folder, no network and no way to more rights. What needs root is
    /// left out where it is not root: then it is confined by its descriptors and limits alone.
    ///
    /// Files that only root may read, and objects that lie in another repository, keep it from becoming another account or
    /// from the small root, since what it does not see it would call missing.
    static func drop() throws(GitError) {
        guard cgit2_no_new_privileges() == 0 else { throw LibGit2.systemError("prctl") }
        guard geteuid() == 0 else { return }
        // In a container these may be forbidden, and what is forbidden is not there to be given up.
        _ = cgit2_leave_network()
        guard !FileSystem.exists("info/alternates") else { return }
        let isReadable = isReadableByAll()
        guard chroot(".") == 0 else { throw LibGit2.systemError("chroot") }
        guard isReadable else { return }
        // No further process or thread, of an account that has none.
        guard cgit2_limit_processes(0) == 0 else { throw LibGit2.systemError("setrlimit") }
        guard setgroups(0, nil) == 0, setgid(account) == 0, setuid(account) == 0 else {
            throw LibGit2.systemError("setuid")
        }
        // Forgotten with the change of account.
        guard cgit2_end_with_parent() == 0 else { throw LibGit2.systemError("prctl") }
    }

    /// Whether any account may read the folders and packs below the current folder.
    private static func isReadableByAll() -> Bool {
        func mode(_ path: String) -> mode_t {
            var status = stat()
            return stat(path, &status) == 0 ? status.st_mode : 0
        }
        return mode(".") & 0o5 == 0o5 && mode("pack") & 0o5 == 0o5
            && FileSystem.names(in: "pack").allSatisfy { mode("pack/\($0)") & 0o4 != 0 }
    }
}
