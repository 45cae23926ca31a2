import Glibc

/// Looks for programs where a container has them.
enum ProgramSearch {
    /// The folders of a container's standard `PATH`.
    static let folders = ["/usr/local/bin", "/usr/bin", "/bin"]

    /// - Parameters:
    ///   - program: a name that is looked for on the standard path, or an absolute path.
    ///   - root: what containers see as `/`.
    static func exists(_ program: String, root: String) -> Bool {
        let prefix = root == "/" ? "" : root
        let places = program.hasPrefix("/") ? [program] : folders.map { "\($0)/\(program)" }
        return places.contains { access(prefix + $0, X_OK) == 0 }
    }
}
