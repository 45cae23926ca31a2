import Blocking
import Core

extension ReleaseBuilder {
    public func sizes(of releases: [ID<Release>]) async -> [Int] {
        let folders = releases.map { layout.folder($0) }
        return await pool.run { () throws(Never) in
            var sizes = FolderSizes()
            return folders.map { sizes.add($0) }
        }
    }
}
