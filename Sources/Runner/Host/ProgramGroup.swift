import Core

/// A control group for programs of the host that must not outlive the server: they enter it before they do anything, and it is
/// emptied by the server when it ends, or by the next one. Sessions and changes of parents do not lead out of it.
public struct ProgramGroup: Sendable {
    private let groups = ControlGroups()
    private let path: String

    /// - Parameter path: below the groups' root.
    init(path: String) { self.path = path }

    /// That of the operator's hooks.
    /// - Parameter node: the server's name on the machine, as the runner's.
    public static func hooks(node: String) -> ProgramGroup {
        ProgramGroup(path: RuntimePaths(directory: "", node: node).hooks)
    }

    /// Kills what is in it and removes it, within seconds. Blocks.
    public func empty() { groups.removeBlocking(path) }

    /// Removes it when there is nothing in it.
    func removeEmpty() { groups.removeEmpty(path) }

    /// The command that becomes another one, inside. Where there are no groups it is that one alone.
    public func command(_ command: [String]) -> [String] {
        groups.prepare(path, .init(weight: 100))
        let files = groups.directories(of: path).map { "\($0)/cgroup.procs" }
        guard let file = files.first(where: HostFiles.exists) else { return command }
        return ["/bin/sh", "-c", Self.entering, file] + command
    }

    /// The script is constant.
    private static let entering = #"echo $$ >"$0" && exec "$@""#
}
