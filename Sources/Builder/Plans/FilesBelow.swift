import Crypto
import Foundation

/// The files of certain names in the folders below a repository's root, such as the `package.json` of a workspace's packages.
struct FilesBelow: Sendable {
    /// How many there may be.
    static let limit = 200
    /// Bytes that one may have.
    static let fileLimit = 1 << 20

    /// By path from the repository's root. Each is in some folder.
    let contents: [String: [UInt8]]

    init(contents: [String: [UInt8]]) { self.contents = contents }

    /// Looks through a folder on disk. `nil` when there are too many, or one cannot be read. Blocks.
    init?(directory: String, names: Set<String>) throws(FileError) {
        var contents: [String: [UInt8]] = [:]
        guard try Self.collect(names, in: FolderHandle(path: directory), path: "", depth: 0, &contents) else {
            return nil
        }
        self.contents = contents
    }

    /// Those of this name in folders below `folder`, by the path of the folder that each is in, from there.
    /// - Parameters:
    ///   - folder: from the repository's root; `nil` for the root itself.
    ///   - skipped: names of folders that are not looked into.
    func packages(_ name: String, below folder: String?, skipping skipped: [String]) -> [String: [UInt8]] {
        let prefix = folder.map { "\($0)/" } ?? ""
        var packages: [String: [UInt8]] = [:]
        for (path, content) in contents where path.hasPrefix(prefix) {
            let parts = path.dropFirst(prefix.count).split(separator: "/")
            guard parts.count > 1, parts.last.map({ $0 == name }) == true,
                !parts.contains(where: { skipped.contains(String($0)) })
            else { continue }
            packages[parts.dropLast().joined(separator: "/")] = content
        }
        return packages
    }

    /// SHA-256 over another digest and these files, in hex.
    static func digest(_ inputs: String, _ packages: [String: [UInt8]]) -> String {
        var hash = SHA256()
        hash.update(data: Data("\(inputs)\n".utf8))
        for (folder, content) in packages.sorted(by: { $0.key < $1.key }) {
            hash.update(data: Data("\(folder) \(content.count)\n".utf8))
            hash.update(data: content)
        }
        return hash.finalize().map { String(format: "%02x", $0) }.joined()
    }

    /// False when it cannot go on.
    private static func collect(
        _ names: Set<String>, in folder: borrowing FolderHandle, path: String, depth: Int,
        _ contents: inout [String: [UInt8]]
    ) throws(FileError) -> Bool {
        guard depth < 128 else { return false }
        for name in try folder.entries() {
            guard let text = name.text else { continue }
            let status = try folder.status(name)
            if status.kind == .folder {
                guard
                    try collect(
                        names, in: folder.folder(name), path: "\(path)\(text)/", depth: depth + 1, &contents)
                else { return false }
            } else if depth > 0, names.contains(text) {
                guard status.kind == .file, status.size <= fileLimit, contents.count < limit else { return false }
                contents[path + text] = try SmallFile.read(name: text, in: folder)
            }
        }
        return true
    }
}

extension TemplateManifest.Below {
    /// Whether all that a step makes for the package with this file is in the folders.
    func isKept(_ content: [UInt8]) -> Bool {
        guard let document = try? JSONParser.parse(content) else { return false }
        return !unless.contains { test in
            switch test {
            case .field(let field):
                var value: JSONValue? = document
                for key in field.path { value = value?.member(key) }
                return value.map { $0 != .null && $0 != .bool(false) } ?? false
            case .entries(_, let keys, let except):
                return keys.contains { document.member($0)?.hasEntry(except: except) ?? false }
            case .files, .topFiles, .line: return true
            }
        }
    }
}
