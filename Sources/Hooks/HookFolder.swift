import Core
import Glibc

/// The folder of one event's programs, such as `/etc/berth/hooks/pre-receive.d`.
struct HookFolder: Sendable {
    let path: String

    /// The programs to run, in the order of their names (compared byte by byte). Files that nobody may execute, hidden ones
    /// and backups (`~` at the end) are passed over, as is a folder that is not there.
    ///
    /// Throws `.forbidden` when somebody but the operator could change what is run here.
    func programs() throws(PlatformError) -> [String] {
        guard let folder = opendir(path) else { return [] }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix("."), !name.hasSuffix("~") { names.append(name) }
        }
        closedir(folder)
        var programs: [String] = []
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            var info = stat()
            guard stat("\(path)/\(name)", &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_mode & 0o111 != 0
            else { continue }
            try Self.check(info, "the hook \(name)")
            programs.append(name)
        }
        guard !programs.isEmpty else { return [] }
        var info = stat()
        guard stat(path, &info) == 0 else { return [] }
        try Self.check(info, "the folder of hooks")
        return programs
    }

    /// It runs as the server: only who is the server, or root, may write to it.
    private static func check(_ info: stat, _ what: String) throws(PlatformError) {
        guard info.st_uid == 0 || info.st_uid == geteuid(), info.st_mode & 0o022 == 0 else {
            throw PlatformError(.forbidden, "\(what) could be changed by others than the operator, so it is not run")
        }
    }
}
