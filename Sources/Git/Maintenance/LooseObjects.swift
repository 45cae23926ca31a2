import Glibc

/// The objects of a repository that lie in a file each (gitrepository-layout(5), "objects/[0-9a-f][0-9a-f]").
enum LooseObjects {
    struct Item {
        let id: ObjectID
        let path: String
        /// When it was written, seconds since 1970.
        let time: Int
        /// Bytes of the file.
        let size: Int
    }

    static func all(in objects: String) -> [Item] {
        var found: [Item] = []
        for folder in FileSystem.names(in: objects) where folder.utf8.count == 2 {
            for name in FileSystem.names(in: "\(objects)/\(folder)") {
                guard let id = ObjectID(folder + name) else { continue }
                let path = "\(objects)/\(folder)/\(name)"
                var status = stat()
                guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
                found.append(Item(id: id, path: path, time: status.st_mtim.tv_sec, size: Int(status.st_size)))
            }
        }
        return found
    }
}
