import Blocking
import Core

extension ReleaseBuilder {
    public func sizes(of releases: [ID<Release>]) async -> [Int] {
        await pool.run { [layout] () throws(Never) in
            var sizes = ReleaseSizes(layout: layout)
            return releases.map { sizes.add($0) }
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

/// Counts what releases take on disk, their parts of what their app's releases share with them. What several have counts for
/// the first of them.
private struct ReleaseSizes {
    private static let block = 4096

    let layout: ReleaseLayout
    private var folders = FolderSizes()
    private var seen: [ID<App>: Set<String>] = [:]

    init(layout: ReleaseLayout) { self.layout = layout }

    mutating func add(_ release: ID<Release>) -> Int {
        let folder = layout.folder(release)
        var bytes = folders.add(folder)
        guard let manifest = try? SiteManifest.read(folder), let app = manifest.shared else { return bytes }
        for record in manifest.records.values where seen[app, default: []].insert(record.path).inserted {
            for size in [record.size, record.brotli ?? 0, record.gzip ?? 0] {
                bytes += (size + Self.block - 1) / Self.block * Self.block
            }
        }
        return bytes
    }
}
