import Core
import NIOCore
import NIOPosix

/// Gets the content of static files: from memory, or by way of a thread pool, so that no event loop waits for a disk.
struct SiteFiles: Sendable {
    let cache: SiteCache
    let pool: NIOThreadPool
    /// Larger files, in bytes, are not kept in memory.
    let maximumCached: Int

    func isSmall(_ file: StaticSite.File) -> Bool { file.size <= maximumCached }

    /// Reads a small file and keeps it.
    func load(
        _ file: StaticSite.File, of site: StaticSite, key: SiteCache.Key, on eventLoop: any EventLoop
    ) -> EventLoopFuture<CachedFile> {
        let root = site.root
        return pool.runIfActive(eventLoop: eventLoop) {
            let bytes = try BeneathFile.read(root: root, path: file.path, size: file.size)
            let heads = SiteHeads(file, status: key.isErrorPage ? 404 : 200)
            let cached = CachedFile(heads: heads, body: ByteBuffer(bytes: bytes))
            cache.insert(cached, for: key)
            return cached
        }
    }

    /// Opens a large file. Whoever gets the descriptor closes it.
    func open(_ file: StaticSite.File, of site: StaticSite, on eventLoop: any EventLoop) -> EventLoopFuture<CInt> {
        let root = site.root
        return pool.runIfActive(eventLoop: eventLoop) {
            try BeneathFile.open(root: root, path: file.path, size: file.size)
        }
    }
}
