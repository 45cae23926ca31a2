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

    func manifest(of release: ID<Release>) async throws(PlatformError) -> SiteManifest? {
        let folder = layout.folder(release)
        return try await pool.run { () throws(PlatformError) in
            do {
                guard let bytes = try SmallFile.read(name: SiteManifest.fileName, in: FolderHandle(path: folder))
                else { return nil }
                guard let manifest = SiteManifest(encoded: bytes) else {
                    throw PlatformError(.internal, "the release's site manifest is damaged", cause: folder)
                }
                return manifest
            } catch {
                if let error = error as? FileError, error.errno == ENOENT { return nil }
                throw .ofFiles("the release's site manifest could not be read", error)
            }
        }
    }
}
