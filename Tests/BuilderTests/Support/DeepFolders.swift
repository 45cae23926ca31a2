import Glibc

/// Folders nested deeper than a path can say.
enum DeepFolders {
    static func make(in directory: String, depth: Int) {
        let name = String(repeating: "d", count: 200)
        var current = open(directory, O_RDONLY | O_DIRECTORY)
        for _ in 0..<depth {
            mkdirat(current, name, 0o755)
            let next = openat(current, name, O_RDONLY | O_DIRECTORY)
            close(current)
            current = next
        }
        close(openat(current, "leaf", O_CREAT | O_WRONLY, 0o644))
        close(current)
    }
}
