import Foundation
import Glibc

/// Looks for programs where a container has them.
enum ProgramSearch {
    /// The folders of a container's standard `PATH`.
    static let folders = ["/usr/local/bin", "/usr/bin", "/bin"]
    /// Links that lead to one another.
    private static let linkLimit = 20

    /// - Parameters:
    ///   - program: a name that is looked for on the standard path, or an absolute path.
    ///   - root: what containers see as `/`.
    static func exists(_ program: String, root: String) -> Bool {
        let places = program.hasPrefix("/") ? [program] : folders.map { "\($0)/\(program)" }
        return places.contains { resolve($0, root: root).map { access($0, X_OK) == 0 } ?? false }
    }

    /// Where the file is on the host. Links mean what they mean in the container; `nil` when they lead nowhere.
    static func resolve(_ path: String, root: String) -> String? {
        let prefix = root == "/" ? "" : root
        var waiting = path.split(separator: "/").map(String.init)[...]
        var parts: [String] = []
        var links = 0
        while let part = waiting.popFirst() {
            if part == "." { continue }
            if part == ".." {
                _ = parts.popLast()
                continue
            }
            let here = "\(prefix)/\((parts + [part]).joined(separator: "/"))"
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: here) else {
                parts.append(part)
                continue
            }
            links += 1
            guard links <= linkLimit else { return nil }
            if target.hasPrefix("/") { parts = [] }
            waiting = target.split(separator: "/").map(String.init) + waiting
        }
        return "\(prefix)/\(parts.joined(separator: "/"))"
    }
}
