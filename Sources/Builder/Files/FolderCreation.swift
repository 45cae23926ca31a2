import Glibc

/// Makes folders of ours.
enum FolderCreation {
    /// Makes the folder `path`, and those above it that are missing, for the server's own user only. Fine when it is
    /// there.
    static func create(_ path: String) throws(FileError) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o700) == 0 || errno == EEXIST else { throw FileError("make folder", made) }
        }
    }
}
