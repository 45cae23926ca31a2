import Core
import NIOCore

/// Answering from what this event loop has answered before.
extension FrontHandler {
    /// True when the request was answered. Only plain requests are: GET, no body, no range, the connection is kept.
    func answerFromMemo(_ head: RequestHead) -> Bool {
        guard head.method == .get, head.framing == .none, head.range == nil, !head.isOld, let span = head.host,
            !head.connection.contains(.close), !worker.isClosing
        else { return false }
        let answer: PreparedAnswer? = pending.withUnsafeReadableBytes { bytes in
            guard let site = hosts.site(span.slice(bytes), version: worker.routes.version),
                let entry = worker.siteMemo.entry(
                    site, head.target.slice(bytes), acceptEncoding: head.acceptEncoding?.slice(bytes))
            else { return nil }
            if entry.second != worker.seconds || forwarding.isSecure != entry.isSecure {
                complete(entry)
            }
            if let tag = head.ifNoneMatch, tag.slice(bytes).isSame(as: entry.etagBytes) { return entry.notModified }
            if head.ifNoneMatch != nil || head.ifModifiedSince != nil,
                Precondition.isUnmodified(
                    etag: entry.etag, modified: entry.modified, ifNoneMatch: head.ifNoneMatch?.slice(bytes),
                    ifModifiedSince: head.ifModifiedSince?.slice(bytes))
            {
                return entry.notModified
            }
            return entry.body == nil ? nil : entry.found
        }
        guard let answer else { return false }
        pending.moveReaderIndex(forwardBy: head.length)
        write(answer)
        return true
    }

    /// Writes the answers for this second.
    private func complete(_ entry: SiteMemo.Entry) {
        func whole(_ head: ByteBuffer, _ body: ByteBuffer?) -> PreparedAnswer {
            var out = ByteBufferAllocator().buffer(
                capacity: head.readableBytes + (body?.readableBytes ?? 0) + 160)
            out.writeImmutableBuffer(head)
            end(&out, isKept: true, isOld: false)
            var answer = PreparedAnswer(body: body)
            answer.block = HTTP2ResponseReader.block(out)
            if let body { out.writeImmutableBuffer(body) }
            answer.bytes = out
            return answer
        }
        entry.found = whole(entry.heads.found, entry.body)
        entry.notModified = whole(entry.heads.notModified, nil)
        entry.second = worker.seconds
        entry.isSecure = forwarding.isSecure
    }

    /// Keeps what a request was answered with, for the next one like it. Called while the head is at the front of `pending`.
    func remember(
        _ head: RequestHead, site: PublishedSite, request: SiteRequest, heads: SiteHeads, body: ByteBuffer?
    ) {
        // Files of a replaced release end with their time; pages for what is not there have any number of paths.
        guard request.found.site === site, request.found.status == 200, head.method == .get,
            head.target.count <= SiteMemo.maximumTarget
        else { return }
        let hasTwins = request.file.brotli != nil || request.file.gzip != nil
        let entry = pending.withUnsafeReadableBytes { bytes in
            SiteMemo.Entry(
                site: site, target: Array(head.target.slice(bytes)),
                acceptEncoding: hasTwins ? head.acceptEncoding.map { Array($0.slice(bytes)) } ?? [] : nil,
                modified: request.file.modified, heads: heads,
                body: body.flatMap { $0.readableBytes <= SiteMemo.maximumBody ? $0 : nil })
        }
        worker.siteMemo.insert(entry)
    }
}
