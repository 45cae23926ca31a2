import Foundation

/// Keeps the login in `~/.config/berth/config.json` (or under XDG_CONFIG_HOME), readable by its owner only.
struct LoginStore: Sendable {
    let path: String

    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        // XDG Base Directory Specification: relative paths are to be ignored.
        let base = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let home = environment["HOME"] ?? NSHomeDirectory()
        path = "\(base ?? "\(home)/.config")/berth/config.json"
    }

    func load() throws -> Login? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(Login.self, from: data)
        } catch {
            throw ClientError("\(path) is damaged; log in again with: berth login")
        }
    }

    /// Replaces the file in one step; nobody else can read it at any moment.
    func save(_ login: Login) throws {
        let directory = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(login)

        let temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier)"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw ClientError("cannot write \(temporary): \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: data)
            try file.synchronize()
            try file.close()
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            unlink(temporary)
            throw ClientError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}
