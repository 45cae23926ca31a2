import Core
import Crypto
import Foundation
import Glibc

/// Names what a dependency step would install: the same key, the same result.
enum DependencyKey {
    /// Variables that differ from deploy to deploy or channel to channel, and that no package manager looks at.
    private static let ignored: Set<String> = [
        "XHOST_SHA", "XHOST_USER", "DATABASE_URL", "DATABASE_HOST", "DATABASE_PASSWORD",
    ]

    /// 64 hex digits. What counts: the step with its template's variables, the content of the files that it reads, the
    /// app's variables, and the programs that it uses.
    static func text(_ step: BuildStep, environment: [String: String], root: String) -> String {
        var hash = SHA256()
        func add(_ text: String) {
            hash.update(data: Data("\(text.utf8.count):\(text)".utf8))
        }
        add(step.reuse?.inputs ?? "")
        add(step.directory ?? "")
        step.arguments.forEach(add)
        for (name, value) in step.environment.sorted(by: { $0.key < $1.key }) { add("\(name)=\(value)") }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where !ignored.contains(name) {
            add("\(name)=\(value)")
        }
        for program in step.requires + (step.reuse?.programs ?? []) { add(identity(program, root: root)) }
        return hash.finalize().map { String(format: "%02x", $0) }.joined()
    }

    /// The program's file as an upgrade changes it.
    static func identity(_ program: String, root: String) -> String {
        for folder in ProgramSearch.folders {
            var status = stat()
            if let path = ProgramSearch.resolve("\(folder)/\(program)", root: root), stat(path, &status) == 0 {
                return "\(folder)/\(program) \(status.st_size) \(status.st_mtim.tv_sec) \(status.st_ino)"
            }
        }
        return program
    }
}
