import Glibc

/// Makes everything durable that was written to a folder's file system.
enum FileSystemSync {
    private typealias Call = @convention(c) (Int32) -> Int32

    /// syncfs(2): one journal commit instead of one for each file and folder of a tree.
    static func sync(_ folder: borrowing FolderHandle) throws(FileError) {
        // glibc declares syncfs for _GNU_SOURCE only, which Swift's Glibc module is built without; the symbol is there.
        guard let symbol = dlsym(nil, "syncfs") else { throw FileError("syncfs", folder.path, errno: ENOSYS) }
        guard unsafeBitCast(symbol, to: Call.self)(folder.descriptor) == 0 else {
            throw FileError("syncfs", folder.path)
        }
    }
}
