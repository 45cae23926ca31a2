import Core

/// Looks a checkout over for what git leaves out of it, the content of submodules and of Git LFS files, and for links that
/// lead out of it. An app that was built without them would fail later, and nobody would see why.
struct CheckoutCheck {
    /// Bytes below which a file may be a pointer (Git LFS specification, "The Pointer").
    private static let pointerLimit = 1024
    /// How every pointer begins.
    private static let pointerStart = Array("version https://git-lfs.github.com/spec/v1\n".utf8)
    private static let attributes = FileName(".gitattributes")
    private static let filter = Array("filter=lfs".utf8)

    /// Throws `.buildFailed` that names the first such path. Blocks.
    /// - Parameter directory: absolute path of a checkout with its submodules.
    static func check(_ directory: String) throws(PlatformError) {
        do {
            let root = try FolderHandle(path: directory)
            try visit(FolderHandle(path: directory), in: [], of: root, hasPointers: false)
        } catch {
            throw .ofFiles("the checked out files could not be looked at", error)
        }
    }

    /// - Parameter hasPointers: whether `.gitattributes` of this folder or one above gives files to Git LFS.
    private static func visit(
        _ folder: borrowing FolderHandle, in parts: [FileName], of root: borrowing FolderHandle, hasPointers: Bool
    ) throws {
        let names = try folder.entries()
        let path = parts.map { "\($0)/" }.joined()
        // A commit has no empty folders, so this is where a submodule would be that was not fetched.
        if names.isEmpty, !path.isEmpty { throw submodule(path) }
        let hasPointers = try hasPointers || (names.contains(attributes) && givesFilesToLFS(folder))
        for name in names {
            let status = try folder.status(name)
            if status.kind == .folder {
                guard parts.count + 1 < ReleaseTree.Limits.depth else { throw tooDeep() }
                try visit(folder.folder(name), in: parts + [name], of: root, hasPointers: hasPointers)
            } else if status.kind == .symlink {
                try checkLink(name, in: parts, of: root)
            } else if hasPointers, status.kind == .file, isPointer(status.size), try isPointer(folder.file(name)) {
                throw pointer("\(path)\(name)")
            }
        }
    }

    private static func checkLink(
        _ name: FileName, in parts: [FileName], of root: borrowing FolderHandle
    ) throws {
        let folders = parts.compactMap(\.text)
        guard let text = name.text, folders.count == parts.count,
            case .outside = try SymlinkResolver.resolve(text, in: folders, root: root)
        else { return }
        throw PlatformError(
            .buildFailed,
            "\(parts.map { "\($0)/" }.joined())\(name) is a symbolic link that leads out of the repository; "
                + "make it lead to a file in it, or remove it")
    }

    private static func givesFilesToLFS(_ folder: borrowing FolderHandle) throws -> Bool {
        guard try folder.status(attributes).kind == .file else { return false }
        return try givesFilesToLFS(content(folder.file(attributes)))
    }

    /// Whether the content of a `.gitattributes` does.
    static func givesFilesToLFS(_ content: [UInt8]) -> Bool { content.contains(filter) }

    private static func isPointer(_ size: Int) -> Bool { size > pointerStart.count && size < pointerLimit }
    private static func isPointer(_ file: consuming OpenFile) throws -> Bool {
        try content(file).starts(with: pointerStart)
    }

    private static func content(_ file: consuming OpenFile) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try file.read(chunk: 16 * 1024) { bytes.append(contentsOf: $0) }
        return bytes
    }

    private static func tooDeep() -> PlatformError {
        PlatformError(
            .buildFailed, "the commit has folders nested more than \(ReleaseTree.Limits.depth) deep; that is the limit")
    }

    private static func pointer(_ path: String) -> PlatformError {
        PlatformError(
            .buildFailed,
            "\(path) is a Git LFS pointer, not the file itself: Git LFS is not supported; "
                + "commit the file itself (git lfs migrate export --include=\"\(path)\"), or remove it")
    }

    private static func submodule(_ folder: String) -> PlatformError {
        let path = folder.dropLast()
        return PlatformError(
            .buildFailed,
            "\(path) is a git submodule that .gitmodules gives no address: add it with git submodule add, commit its "
                + "files themselves (git rm --cached \(path), remove \(path)/.git, git add \(path)), or remove it")
    }
}
