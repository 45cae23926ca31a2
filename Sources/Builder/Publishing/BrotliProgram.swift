import Glibc

/// Compresses with Brotli (RFC 7932), by the program of that name.
struct BrotliProgram {
    /// Absolute path, `nil` when this machine has none.
    let path: String?

    static func installed() -> BrotliProgram {
        BrotliProgram(
            path: ProgramSearch.folders.map { "\($0)/brotli" }.first { access($0, X_OK) == 0 })
    }

    /// Files that one process compresses: an argument list has an end.
    static let batch = 256
    /// What is served goes before it, on a machine whose processors are all at work.
    private static let niceness = "10"
    private static let nice = "/usr/bin/nice"

    /// A process that compresses.
    struct Work {
        fileprivate let process: pid_t

        /// Waits for its end, once. Blocks; false when it failed, which may leave some of the files.
        func wait() -> Bool {
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0 { guard errno == EINTR else { return false } }
            return status == 0
        }
    }

    /// Begins to make `<name>.br` beside each of up to `batch` files of `folder`. Whoever begins it waits for it. `nil` when
    /// there is no program.
    func start(_ names: [String], in folder: String, quality: Int) -> Work? {
        guard let path else { return nil }
        let options = ["-q", String(quality), "-w", "22", "-n", "-k", "-f", "--"]
        let command = [path] + options + names.map { "\(folder)/\($0)" }
        let hasNice = access(Self.nice, X_OK) == 0
        return start(hasNice ? [Self.nice, "-n", Self.niceness] + command : command)
    }

    private func start(_ arguments: [String]) -> Work? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in 0...2 {
            posix_spawn_file_actions_addopen(
                &actions, descriptor, "/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY, 0)
        }
        var characters: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        defer { for pointer in characters { free(pointer) } }
        var process: pid_t = 0
        guard posix_spawn(&process, arguments[0], &actions, nil, &characters, &environment) == 0 else { return nil }
        return Work(process: process)
    }
}
