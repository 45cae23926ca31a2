import Core

/// Reads `build.caches`.
struct CacheParser {
    static let keys = ["name", "files", "size"]
    /// Folders that a template may have.
    private static let limit = 4
    /// MiB that a folder may come to.
    private static let sizes = 1...4096
    private static let usualSize = 256

    /// What has the `caches`.
    let mapping: YAMLMapping

    func caches() -> [TemplateManifest.Cache] {
        let caches = mapping.mappings("caches", known: Self.keys).compactMap { cache($0) }
        if caches.count > Self.limit { mapping.report("build.caches: at most \(Self.limit)", at: "caches") }
        if Set(caches.map(\.name)).count < caches.count {
            mapping.report("build.caches: the same name twice", at: "caches")
        }
        return caches
    }

    private func cache(_ entry: YAMLMapping) -> TemplateManifest.Cache? {
        guard let name = entry.required("name") else { return nil }
        if !DNSLabel.isValid(name) {
            entry.report("\(entry.name("name")) must be lowercase letters, digits and hyphens", at: "name")
        }
        let files = entry.texts("files") ?? []
        if files.isEmpty { entry.report("\(entry.name("files")) must name the files that it is for", at: "files") }
        let size = entry.integer("size", in: Self.sizes) ?? Self.usualSize
        return .init(name: name, files: files, bytes: size << 20)
    }
}
