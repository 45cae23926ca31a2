import Core
import NIOCore

/// What one event loop answered lately with a file, found by the very bytes of the request: a site's popular pages cost
/// neither a path to be decoded nor a head to be written. Nothing in here is ever right by itself: an entry holds for one
/// published site object, which a new deploy replaces.
struct SiteMemo {
    final class Entry {
        let site: PublishedSite
        let target: [UInt8]
        /// The `Accept-Encoding` that the coding was chosen by; `nil` when there is but one.
        let acceptEncoding: [UInt8]?
        let etag: String
        let etagBytes: [UInt8]
        let modified: Int
        let heads: SiteHeads
        /// `nil` when the content is not kept in memory, or was not read yet.
        let body: ByteBuffer?
        /// Whole answers as they are sent during one second.
        var found: PreparedAnswer?
        var notModified: PreparedAnswer?

        init(
            site: PublishedSite, target: [UInt8], acceptEncoding: [UInt8]?, modified: Int, heads: SiteHeads,
            body: ByteBuffer?
        ) {
            self.site = site
            self.target = target
            self.acceptEncoding = acceptEncoding
            etag = heads.etag
            etagBytes = Array(heads.etag.utf8)
            self.modified = modified
            self.heads = heads
            self.body = body
        }
    }

    /// A request with the same hash takes the place: no more than this is ever held.
    private static let places = 512
    /// Bytes of content that may be held on to; it is shared with the cache of all event loops until that one drops it.
    static let maximumBytes = 16 * 1024 * 1024
    static let maximumTarget = 512

    private var entries = [Entry?](repeating: nil, count: places)
    private var bytes = 0

    func entry(
        _ site: PublishedSite, _ target: UnsafeRawBufferPointer, acceptEncoding: UnsafeRawBufferPointer?
    ) -> Entry? {
        guard let entry = entries[Self.place(site, target)], entry.site === site, target.isSame(as: entry.target)
        else { return nil }
        guard let chosen = entry.acceptEncoding else { return entry }
        guard let acceptEncoding else { return chosen.isEmpty ? entry : nil }
        return acceptEncoding.isSame(as: chosen) ? entry : nil
    }

    mutating func insert(_ entry: Entry) {
        guard entry.target.count <= Self.maximumTarget, entry.acceptEncoding?.count ?? 0 <= Self.maximumTarget else {
            return
        }
        let place = entry.target.withUnsafeBytes { Self.place(entry.site, $0) }
        bytes += (entry.body?.readableBytes ?? 0) - (entries[place]?.body?.readableBytes ?? 0)
        entries[place] = entry
        if bytes > Self.maximumBytes { removeAll() }
    }

    /// Forgets sites that are not published any more; looked at now and then.
    mutating func removeAll() {
        entries = [Entry?](repeating: nil, count: Self.places)
        bytes = 0
    }

    /// FNV-1a. Who makes keys collide on purpose only spares himself the memo.
    private static func place(_ site: PublishedSite, _ target: UnsafeRawBufferPointer) -> Int {
        var hash = UInt64(UInt(bitPattern: ObjectIdentifier(site).hashValue)) ^ 0xcbf2_9ce4_8422_2325
        for byte in target { hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01b3 }
        return Int(truncatingIfNeeded: (hash ^ hash &>> 32) & UInt64(places - 1))
    }
}
