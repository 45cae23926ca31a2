import Core
import Logging
import NIOCore

/// Answering from the files of a release: which, and with what head.
extension FrontHandler {
    /// Answers the request whose head is at the front of `pending`.
    func answer(_ head: RequestHead, site: PublishedSite) {
        guard head.method == .get || head.method == .head else { return refuseMethod(head, of: site) }
        let resolution = pending.withUnsafeReadableBytes { bytes in
            head.target.isEmpty
                ? "/".utf8.withContiguousStorageIfAvailable {
                    SiteResolver.resolve(UnsafeRawBufferPointer($0), in: site, now: .now)
                } ?? .notFound
                : SiteResolver.resolve(head.target.slice(bytes), in: site, now: .now)
        }
        switch resolution {
        case .redirect(let status, let location): redirect(head, status: status, to: location)
        case .file(let found): answer(head, site: site, found: found)
        case .origin(let url): answer(head, fromOrigin: url)
        case .notFound: answer(head, with: .notFound)
        }
    }

    /// Files are only read; what a rule passes on to another server is that one's to judge.
    private func refuseMethod(_ head: RequestHead, of site: PublishedSite) {
        if !site.redirects.isEmpty,
            case .origin(let url) = pending.withUnsafeReadableBytes({
                SiteResolver.resolve(head.target.slice($0), in: site, now: .now)
            })
        {
            answer(head, fromOrigin: url)
        } else {
            answer(head, with: .methodNotAllowed)
        }
    }

    private func answer(_ head: RequestHead, site: PublishedSite, found: SiteResolver.Found) {
        let file = found.file
        let coding =
            file.brotli == nil && file.gzip == nil
            ? .identity
            : pending.withUnsafeReadableBytes { bytes in
                ContentCoding.preferences(head.acceptEncoding?.slice(bytes))
                    .choose(hasBrotli: file.brotli != nil, hasGzip: file.gzip != nil)
            }
        let rules = site.site.headers.isEmpty || found.site !== site ? [] : headerRules(head, site)
        var request = SiteRequest(
            found: found, coding: coding, rules: rules, isHead: head.method == .head, isOld: head.isOld,
            isKept: keepsConnection(head), body: head.framing)
        let isSmall = worker.files.isSmall(request)
        let cached = isSmall ? worker.files.cache.file(request.key) : nil
        let heads = cached?.heads ?? request.makeHeads()
        if cached != nil || head.ifNoneMatch != nil {
            remember(head, site: site, request: request, heads: heads, body: cached?.body)
        }
        // Before the others (RFC 9110 section 13.2.2).
        if head.hasPrecondition, found.status == 200, !meetsPrecondition(head, file, etag: heads.etag) {
            return answer(head, with: .preconditionFailed)
        }
        if found.status == 200, isUnmodified(head, file, etag: heads.etag) {
            pending.moveReaderIndex(forwardBy: head.length)
            write(complete(heads.notModified, request, body: nil))
            return finishAnswer(isKept: request.isKept, body: request.body)
        }
        var selection = ByteRange.Selection.whole
        if head.range != nil, found.status == 200, head.method == .get {
            selection = select(head, request, etag: heads.etag)
        }
        switch selection {
        case .whole: break
        case .parts(let parts): request.parts = parts
        case .unsatisfiable:
            pending.moveReaderIndex(forwardBy: head.length)
            return refuseRange(request)
        }
        if cached == nil, !request.isHead {
            request.format = format(head)
            request.hostname = hosts.last?.name ?? ""
            request.target = pending.withUnsafeReadableBytes { Array(head.target.slice($0)) }
        }
        pending.moveReaderIndex(forwardBy: head.length)
        if request.isHead {
            write(complete(heads.found, request, body: nil))
            finishAnswer(isKept: request.isKept, body: request.body)
        } else if let cached {
            writeFile(cached, request)
            finishAnswer(isKept: request.isKept, body: request.body)
        } else {
            fetch(request)
        }
    }

    private func headerRules(_ head: RequestHead, _ site: PublishedSite) -> [Int] {
        let path = pending.withUnsafeReadableBytes { bytes in
            String(decoding: head.target.slice(bytes).prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
        }
        return site.headerRules(path)
    }

    private func isUnmodified(_ head: RequestHead, _ file: StaticSite.File, etag: String) -> Bool {
        guard head.ifNoneMatch != nil || head.ifModifiedSince != nil else { return false }
        return pending.withUnsafeReadableBytes { bytes in
            Precondition.isUnmodified(
                etag: etag, modified: file.modified, ifNoneMatch: head.ifNoneMatch?.slice(bytes),
                ifModifiedSince: head.ifModifiedSince?.slice(bytes))
        }
    }

    private func meetsPrecondition(_ head: RequestHead, _ file: StaticSite.File, etag: String) -> Bool {
        pending.withUnsafeReadableBytes { bytes in
            Precondition.isMet(
                etag: etag, modified: file.modified,
                ifMatch: FieldLine.value("if-match", in: head.fields.range, of: bytes),
                ifUnmodifiedSince: FieldLine.value("if-unmodified-since", in: head.fields.range, of: bytes))
        }
    }

    private func select(_ head: RequestHead, _ request: SiteRequest, etag: String) -> ByteRange.Selection {
        pending.withUnsafeReadableBytes { bytes in
            guard let range = head.range else { return .whole }
            if let ifRange = head.ifRange,
                !ByteRange.isCurrent(
                    ifRange.slice(bytes), etag: etag, modified: request.file.modified, now: worker.seconds)
            {
                return .whole
            }
            return ByteRange.select(range.slice(bytes), size: request.size)
        }
    }

    /// 416 (RFC 9110 section 15.5.17).
    private func refuseRange(_ request: SiteRequest) {
        let head = ByteBuffer(
            string: "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */\(request.size)\r\n"
                + "Content-Length: 0\r\nCache-Control: no-store\r\n")
        write(complete(head, request, body: nil))
        finishAnswer(isKept: request.isKept, body: request.body)
    }

    private func redirect(_ head: RequestHead, status: Int, to location: String) {
        let isKept = keepsConnection(head)
        pending.moveReaderIndex(forwardBy: head.length)
        var out = ByteBuffer(
            string: "HTTP/1.1 \(status) \(Self.reason(status))\r\nLocation: \(location)\r\nContent-Length: 0\r\n"
                + "Cache-Control: \(SiteHeads.revalidated)\r\n")
        end(&out, isKept: isKept, isOld: head.isOld)
        write(out)
        finishAnswer(isKept: isKept, body: head.framing)
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 307: "Temporary Redirect"
        default: "Permanent Redirect"
        }
    }

    // MARK: - Heads

    /// The ready-made head with what changes from answer to answer.
    func complete(_ head: ByteBuffer, _ request: SiteRequest, body: ByteBuffer?) -> ByteBuffer {
        let length = head.readableBytes + (body?.readableBytes ?? 0) + 160
        var out = ByteBufferAllocator().buffer(capacity: length)
        out.writeImmutableBuffer(head)
        end(&out, isKept: request.isKept, isOld: request.isOld)
        if let body { out.writeImmutableBuffer(body) }
        return out
    }

    func end(_ out: inout ByteBuffer, isKept: Bool, isOld: Bool) {
        out.writeBytes(worker.date())
        writeTransportFields(into: &out)
        switch persistence(isKept, isOld: isOld) {
        case .close: out.writeStaticString("Connection: close\r\n\r\n")
        case .keepAlive: out.writeStaticString("Connection: keep-alive\r\n\r\n")
        case .implied, .upgrade: out.writeStaticString("\r\n")
        }
    }
}
