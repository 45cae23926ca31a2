import Core
import Glibc

/// The folders of a release: `<releases>/<release id>/files`, and beside the files the site's manifest. For a site in a
/// folder of its repository, `site` is a link to that folder.
struct ReleaseLayout: Sendable {
    private static let siteLink = "site"

    let releases: String

    func folder(_ release: ID<Release>) -> String { "\(releases)/\(release)" }
    func files(_ release: ID<Release>) -> String { "\(releases)/\(release)/files" }

    /// Compressed twins of the site's files.
    func twins(_ release: ID<Release>) -> String { "\(releases)/\(release)/twins" }

    /// An empty folder, for programs that are not to see the files.
    func nothing(_ release: ID<Release>) -> String { "\(releases)/\(release)/nothing" }

    /// Where the twins are that a release's manifest is about.
    func twins(_ release: ID<Release>, _ manifest: SiteManifest) -> String {
        manifest.shared.map { SharedContent(releases: releases, app: $0).twins } ?? twins(release)
    }

    /// Where a build writes files that are to be shared.
    func newFiles(_ release: ID<Release>) -> String { "\(releases)/\(release)/new" }

    /// What the router serves by a release's manifest. Blocks, briefly.
    func site(_ release: ID<Release>, _ manifest: SiteManifest) -> StaticSite {
        if let app = manifest.shared {
            let content = SharedContent(releases: releases, app: app)
            return manifest.site(root: content.files, twins: content.twins)
        }
        let files = site(release)
        return manifest.site(
            root: manifest.output == "." ? files : "\(files)/\(manifest.output)", twins: twins(release))
    }

    /// The files that a site's manifest is about. Blocks, briefly.
    func site(_ release: ID<Release>) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("\(folder(release))/\(Self.siteLink)", &buffer, buffer.count - 1)
        guard length > 0 else { return files(release) }
        return "\(folder(release))/" + String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Notes that the site is in the folder `root` of the finished files. Each part of the way must be a real folder: a
    /// link of the app's could lead out of the release. Nothing writes into the files any more.
    func linkSite(_ release: ID<Release>, to root: String, in files: borrowing FolderHandle) throws {
        try Self.check(root.split(separator: "/").map(String.init)[...], in: files, root: root)
        guard symlink("files/\(root)", "\(folder(release))/\(Self.siteLink)") == 0 else {
            throw FileError("link", folder(release))
        }
    }

    private static func check(
        _ parts: ArraySlice<String>, in folder: borrowing FolderHandle, root: String
    ) throws {
        guard let first = parts.first else { return }
        for name in try folder.entries() where name.text == first {
            guard try folder.status(name).kind == .folder else { break }
            return try check(parts.dropFirst(), in: folder.folder(name), root: root)
        }
        throw PlatformError(.buildFailed, "the build left no folder \(root)")
    }
}
