import Foundation

/// The git repository that the user stands in.
struct WorkingCopy: Sendable {
    static let remote = "berth"

    /// Absolute path of its top folder.
    let root: String

    /// The repository around the current folder. Throws when there is none.
    static func current() throws -> WorkingCopy {
        guard let root = try GitProgram.output(["rev-parse", "--show-toplevel"], in: nil) else {
            throw ClientError("this is not a git repository; begin with: git init")
        }
        return WorkingCopy(root: root)
    }

    var folderName: String { (root as NSString).lastPathComponent }

    /// The address of the remote `berth`, `nil` when there is none.
    func remoteURL() throws -> String? {
        try GitProgram.output(["remote", "get-url", "--", Self.remote], in: root)
    }

    func addRemote(_ url: String) throws {
        try GitProgram.run(["remote", "add", "--", Self.remote, url], in: root)
    }

    /// The branch that is checked out, also when it has no commit yet; `nil` on a detached HEAD.
    func branch() throws -> String? {
        try GitProgram.output(["symbolic-ref", "--quiet", "--short", "HEAD"], in: root)
    }

    func has(_ file: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(file)") }

    /// Makes git ask this program, and nobody else, for the token when it talks to `git` (gitcredentials(7)).
    /// The token itself stays where `berth login` put it.
    func useCredentialHelper(for git: ServerAddress, user: String) throws {
        let section = "credential.\(git.url)"
        let program = try FileManager.default.destinationOfSelf()
        let quoted = "'" + program.replacingOccurrences(of: "'", with: "'\\''") + "'"
        try GitProgram.run(["config", "--local", "\(section).username", user], in: root)
        // An empty value clears the helpers that were configured before (git-config, credential.helper).
        try GitProgram.run(["config", "--local", "--replace-all", "\(section).helper", ""], in: root)
        try GitProgram.run(["config", "--local", "--add", "\(section).helper", "!\(quoted) git-credential"], in: root)
    }
}

extension FileManager {
    /// Absolute path of the running program.
    fileprivate func destinationOfSelf() throws -> String {
        if let path = try? destinationOfSymbolicLink(atPath: "/proc/self/exe") { return path }
        guard let path = Bundle.main.executablePath else { throw ClientError("cannot find the path of this program") }
        return path
    }
}
