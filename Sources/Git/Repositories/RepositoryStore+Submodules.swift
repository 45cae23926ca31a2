import Core

extension RepositoryStore {
    public func submodules(of commit: CommitID, app: ID<App>) async throws(PlatformError) -> [Submodule] {
        try await use(app) { (repository) throws(GitError) in
            let root = try repository.commit(ObjectID(commit)).tree
            guard let file = try repository.entry(Array(".gitmodules".utf8), of: root), file.isFile else { return [] }
            guard let size = try repository.objects.header(file.id)?.size, size <= ModulesRules.sizeLimit else {
                throw GitError(.refused, ".gitmodules is larger than 4 MiB", operation: "read submodules")
            }
            var modules: [Submodule] = []
            for wish in try repository.objects.read(file.id, as: .blob, SubmoduleWish.all) {
                let parts = wish.path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                var tree = root
                for (index, part) in parts.enumerated() {
                    guard let entry = try repository.entry(Array(part), of: tree) else { break }
                    if index < parts.count - 1 {
                        guard entry.kind == .folder else { break }
                        tree = entry.id
                    } else if entry.kind == .submodule, let commit = entry.id.commitID {
                        modules.append(Submodule(path: wish.path, commit: commit, url: wish.url))
                    }
                }
            }
            return modules
        }
    }
}

/// What `.gitmodules` says of one submodule. The last word counts, as for git.
private struct SubmoduleWish {
    let path: String
    let url: String

    /// Those that have a path and a URL, each path once, in the file's order.
    static func all(_ bytes: UnsafeRawBufferPointer) -> [SubmoduleWish] {
        var names: [[UInt8]] = []
        var values: [[UInt8]: [String: String]] = [:]
        var reader = ConfigReader(bytes)
        while let variable = reader.next() {
            guard variable.section.elementsEqual("submodule".utf8), let name = variable.subsection,
                let value = variable.value.flatMap({ String(validating: $0, as: UTF8.self) })
            else { continue }
            if values[name] == nil { names.append(name) }
            values[name, default: [:]][String(decoding: variable.key, as: UTF8.self)] = value
        }
        var paths: Set<String> = []
        return names.compactMap { name in
            guard let path = values[name]?["path"], let url = values[name]?["url"], !path.isEmpty, !url.isEmpty,
                paths.insert(path).inserted
            else { return nil }
            return SubmoduleWish(path: path, url: url)
        }
    }
}
