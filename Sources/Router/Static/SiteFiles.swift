import Core
import NIOCore
import NIOPosix

/// Gets the content of static files: from memory, or by way of a thread pool, so that no event loop waits for a disk.
struct SiteFiles: Sendable {
    let cache: SiteCache
    let pool: NIOThreadPool
    /// Larger files, in bytes, are not kept in memory.
    let maximumCached: Int

    func isSmall(_ request: SiteRequest) -> Bool { request.size <= maximumCached }

    /// Reads a small file and keeps it.
    func load(_ request: SiteRequest, on eventLoop: any EventLoop) -> EventLoopFuture<CachedFile> {
        let (root, path, size, key) = (request.root, request.path, request.size, request.key)
        let (heads, cache) = (request.makeHeads(), cache)
        return pool.runIfActive(eventLoop: eventLoop) {
            let bytes = try BeneathFile.read(root: root, path: path, size: size)
            let cached = CachedFile(heads: heads, body: ByteBuffer(bytes: bytes))
            cache.insert(cached, for: key)
            return cached
        }
    }

    /// Opens a large file. Whoever gets the descriptor closes it.
    func open(_ request: SiteRequest, on eventLoop: any EventLoop) -> EventLoopFuture<CInt> {
        let (root, path, size) = (request.root, request.path, request.size)
        return pool.runIfActive(eventLoop: eventLoop) { try BeneathFile.open(root: root, path: path, size: size) }
    }
}
