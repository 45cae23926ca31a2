import Core

extension ReleaseBuilder {
    /// The files of these names in the commit's folders. `nil` when there are none to look for, too many, or not all of them can be
    /// read: a link, a submodule that may have some.
    func filesBelow(_ names: Set<String>, of request: BuildRequest) async throws(PlatformError) -> FilesBelow? {
        guard !names.isEmpty else { return nil }
        let tree = try await repository.changes(from: nil, to: request.commit, app: request.app.id)
        var contents: [String: [UInt8]] = [:]
        for change in tree.changes {
            if change.entry == .submodule { return nil }
            guard let path = String(validating: change.path, as: UTF8.self),
                let slash = path.lastIndex(of: "/"), names.contains(String(path[path.index(after: slash)...]))
            else { continue }
            guard contents.count < FilesBelow.limit,
                let bytes = try await repository.file(
                    path, commit: request.commit, app: request.app.id, limit: FilesBelow.fileLimit)
            else { return nil }
            contents[path] = bytes
        }
        return FilesBelow(contents: contents)
    }
}
