import CGit2

/// The libgit2 that this program is linked with.
public enum GitLibrary {
    /// `1.5.1`
    public static var version: String {
        var (major, minor, revision): (Int32, Int32, Int32) = (0, 0, 0)
        git_libgit2_version(&major, &minor, &revision)
        return "\(major).\(minor).\(revision)"
    }
}
