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
    private static let batch = 256

    /// Makes `<name>.br` beside each file of `folder`. Blocks until all are done; false when the program failed, which may
    /// leave some of them.
    func encode(_ names: [String], in folder: String, quality: Int) -> Bool {
        guard let path else { return false }
        var isWhole = true
        for start in stride(from: 0, to: names.count, by: Self.batch) {
            let part = names[start..<min(start + Self.batch, names.count)].map { "\(folder)/\($0)" }
            let options = ["-q", String(quality), "-w", "22", "-n", "-k", "-f", "--"]
            isWhole = run([path] + options + part) && isWhole
        }
        return isWhole
    }

    private func run(_ arguments: [String]) -> Bool {
        guard let path else { return false }
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
        guard posix_spawn(&process, path, &actions, nil, &characters, &environment) == 0 else { return false }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 { guard errno == EINTR else { return false } }
        return status == 0
    }
}
