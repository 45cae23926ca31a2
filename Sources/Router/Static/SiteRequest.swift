import Core
import NIOCore

/// A request for a file of a site, as far as its answer needs it.
struct SiteRequest {
    let found: SiteResolver.Found
    let coding: ContentCoding
    /// The rules of `_headers` that hold for the path.
    let rules: [Int]
    let isHead: Bool
    let isOld: Bool
    let isKept: Bool
    let body: RequestHead.Framing
    /// Of a page in the place of a file that is not there.
    var format = PageFormat.text
    /// The parts that were asked for; empty for the whole file.
    var parts: [Range<Int>] = []
    /// To look again when the files are gone: hostname and request target.
    var hostname = ""
    var target: [UInt8] = []
    var isSecondLook = false
    /// Is told when the content is there, or is not, where somebody counts the site's requests.
    var measured: MeasuredRequest?

    var file: StaticSite.File { found.file }

    var key: SiteCache.Key {
        .init(release: found.site.release, name: found.name, coding: coding, status: found.status, rules: rules)
    }

    /// Bytes of the file in this coding.
    var size: Int {
        switch coding {
        case .identity: file.size
        case .gzip: file.gzip ?? file.size
        case .brotli: file.brotli ?? file.size
        }
    }

    var root: String { coding == .identity ? found.site.site.root : found.site.site.twins }
    var path: String { coding == .identity ? file.path : file.twinName(coding.suffix) }

    func makeHeads() -> SiteHeads {
        SiteHeads(
            file, status: found.status, coding: coding, size: size,
            fields: rules.flatMap { found.site.site.headers[$0].fields })
    }
}
