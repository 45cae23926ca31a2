import Glibc

/// Folders nested deeper than a path can say.
enum DeepFolders {
    static func make(in directory: String, depth: Int) {
        var current = open(directory, O_RDONLY | O_DIRECTORY)
        for _ in 0..<depth {
            mkdirat(current, "d", 0o755)
            let next = openat(current, "d", O_RDONLY | O_DIRECTORY)
            close(current)
            current = next
        }
        close(openat(current, "leaf", O_CREAT | O_WRONLY, 0o644))
        close(current)
    }
}
