import Blocking
import Core
import Glibc

/// What is kept beside a release's files about its site.
extension ReleaseBuilder {
    /// Without one every file is read again; that is all.
    func previousManifest(_ release: ID<Release>?) async -> SiteManifest? {
        guard let release else { return nil }
        return try? await manifest(of: release)
    }

    /// The published folder from the repository's root; `.` for the root itself, `nil` for a release that is no site.
    public func publishedFolder(of release: ID<Release>) async throws(PlatformError) -> String? {
        guard let manifest = try await manifest(of: release) else { return nil }
        if manifest.shared != nil { return manifest.output }
        let (above, files) = (layout.site(release), layout.files(release))
        let parts = above.dropFirst(files.count).split(separator: "/").map(String.init)
        return OutputChooser.text(parts + OutputChooser.parts(manifest.output))
    }

    func manifest(of release: ID<Release>) async throws(PlatformError) -> SiteManifest? {
        let folder = layout.folder(release)
        return try await pool.run { () throws(PlatformError) in
            do {
                return try SiteManifest.read(folder)
            } catch {
                if let error = error as? FileError, error.errno == ENOENT { return nil }
                throw .ofFiles("the release's site manifest could not be read", error)
            }
        }
    }
}

extension SiteManifest {
    /// Of the release whose folder this is; `nil` when there is none. Blocks.
    static func read(_ folder: String) throws -> SiteManifest? {
        guard let bytes = try SmallFile.read(name: fileName, in: FolderHandle(path: folder)) else { return nil }
        guard let manifest = SiteManifest(encoded: bytes) else {
            throw PlatformError(.internal, "the release's site manifest is damaged", cause: folder)
        }
        return manifest
    }
}
