import Core
import Foundation

/// The system user that a cluster runs as.
struct ClusterAccount: Sendable {
    let user: UInt32
    let group: UInt32

    /// The user called `name` when this process is root; `nil` when it is not, since it cannot become somebody else and
    /// Postgres refuses only root. Throws when there is no such user, or when it is root.
    static func find(_ name: String) throws(PlatformError) -> ClusterAccount? {
        guard geteuid() == 0 else { return nil }
        guard let entry = getpwnam(name) else {
            throw PlatformError(
                .databaseUnavailable, "there is no system user \(name) to run Postgres; install postgresql")
        }
        guard entry.pointee.pw_uid != 0 else {
            throw PlatformError(.databaseUnavailable, "Postgres must not run as root")
        }
        return ClusterAccount(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
    }
}
