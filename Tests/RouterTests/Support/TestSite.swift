import Core
import Foundation
import TestSupport

/// A site on disk with its manifest.
struct TestSite {
    let folder: TemporaryDirectory
    let release: ID<Release>
    var site: StaticSite

    var target: RouteTarget { .site(release: release, site) }

    /// - Parameter files: content by name.
    init(_ files: [String: String], release: ID<Release> = ID()) throws {
        folder = try TemporaryDirectory("router-site")
        self.release = release
        site = StaticSite(root: folder.path("files"), twins: folder.path("twins"), files: [:])
        try FileManager.default.createDirectory(atPath: site.twins, withIntermediateDirectories: true)
        for (name, content) in files { try add(name, content) }
    }

    mutating func add(_ name: String, _ content: String) throws {
        let url = URL(fileURLWithPath: folder.path("files/\(name)"))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content.utf8).write(to: url)
        let tag = "\(name.utf8.count)-\(content.utf8.count)"
        site.files[.init(name)] = StaticSite.File(
            path: name, mediaType: name.hasSuffix(".css") ? "text/css" : "text/html; charset=utf-8",
            etag: "\"\(tag)\"", size: content.utf8.count, modified: 784_111_777)
    }

    /// Gives a file twins with this content.
    mutating func add(_ name: StaticSite.Name, brotli: String? = nil, gzip: String? = nil) throws {
        guard var file = site.files[name] else { return }
        file.brotli = brotli?.utf8.count
        file.gzip = gzip?.utf8.count
        for (text, suffix) in [(brotli, "br"), (gzip, "gz")] {
            guard let text else { continue }
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(site.twins)/\(file.twinName(suffix))"))
        }
        site.files[name] = file
    }
}
