import Blocking
import Core

extension ReleaseBuilder {
    var dependencies: DependencyCache { DependencyCache(directory: configuration.dependencies) }

    public func sizes(of releases: [ID<Release>]) async -> [Int] {
        let folders = releases.map { layout.folder($0) }
        return await pool.run { () throws(Never) in
            var sizes = FolderSizes()
            return folders.map { sizes.add($0) }
        }
    }

    public func releasesOnDisk() async -> [ID<Release>] {
        let folder = layout.releases
        let names = await pool.run { (try? FolderHandle(path: "\(folder)/.").entries()) ?? [] }
        return names.compactMap { name in
            // Only the form that we write: anything else in the folder is not ours to name.
            name.text.flatMap { text in ID<Release>(text).flatMap { $0.description == text ? $0 : nil } }
        }
    }
}
