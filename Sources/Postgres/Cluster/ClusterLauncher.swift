import Core
import Subprocess
import SystemPackage

/// How a cluster's programs are started: as the cluster's user, who need not be able to reach the data folder.
///
/// The user may be kept out by a folder above the data folder (`/root` has mode 0700). Then the program gets a mount
/// namespace of its own, in which the cluster's folder is mounted at a path that the user can reach.
struct ClusterLauncher: Sendable {
    private enum Way {
        /// The server is not root.
        case direct
        case user(ClusterAccount)
        case namespace(ClusterAccount, source: String)
    }

    /// Fixed text; the folders and the command are its parameters. Network namespaces of containers that are mounted at
    /// this moment would be kept alive by the copy of the mount table.
    private static let mountScript = """
        umount --no-mtab --lazy --all --types nsfs 2>/dev/null
        mount --no-mtab --bind -- "$1" "$2" && shift 2 && exec "$@"
        """
    /// Nothing of the server's own environment.
    private static let environment = Environment.custom([
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC",
    ])

    /// The cluster's folder as its programs see it.
    let root: String
    private let way: Way

    /// Throws `.databaseUnavailable` when neither the folder nor the mount point can be reached by `account`.
    init(_ layout: ClusterLayout, account: ClusterAccount?) throws(PlatformError) {
        guard let account else {
            root = layout.root
            way = .direct
            return
        }
        if ClusterFile.isTraversable(layout.root) {
            root = layout.root
            way = .user(account)
            return
        }
        do { try ClusterFile.makeDirectory(layout.mountPoint, mode: 0o711) } catch {
            throw PlatformError.internal("the folder to mount Postgres at cannot be made", cause: error)
        }
        guard ClusterFile.isTraversable(layout.mountPoint) else {
            throw PlatformError(
                .databaseUnavailable, "the user that runs Postgres cannot reach the data folder or the runtime folder",
                cause: "\(layout.root) and \(layout.mountPoint) both lie below a folder that others may not enter")
        }
        root = layout.mountPoint
        way = .namespace(account, source: layout.root)
    }

    /// The process to start for `program`, in a session of its own, so that signals to the server do not reach it.
    func configuration(_ program: String, _ arguments: [String]) -> Configuration {
        let command: [String] =
            switch way {
            case .direct: [program] + arguments
            case .user(let account): Self.drop(to: account) + [program] + arguments
            case .namespace(let account, let source):
                [
                    "/usr/bin/unshare", "--mount", "--propagation", "slave", "--", "/bin/sh", "-c", Self.mountScript,
                    "sh", source, root,
                ] + Self.drop(to: account) + [program] + arguments
            }
        var options = PlatformOptions()
        options.createSession = true
        return Configuration(
            executable: .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
            environment: Self.environment, workingDirectory: "/", platformOptions: options)
    }

    /// The command that runs another one as `account`, without any privilege.
    static func drop(to account: ClusterAccount) -> [String] {
        [
            "/usr/bin/setpriv", "--reuid=\(account.user)", "--regid=\(account.group)", "--clear-groups",
            "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--",
        ]
    }
}
