import Core
import NIOCore

/// Answering from what this event loop has answered before.
extension FrontHandler {
    /// Answers a head that came before as it was answered then, if that still holds. True when it did.
    func answerAgain(_ known: HeadMemo.Entry) -> Bool {
        guard let answer = known.answer, answer.holds(second: worker.seconds, isSecure: forwarding.isSecure),
            known.version == worker.routes.version, !worker.isClosing
        else { return false }
        disarm()
        if worker.logsAccess { beginLine(known.head, known) }
        pending.moveReaderIndex(forwardBy: known.head.length)
        write(answer, version: known.version)
        return true
    }

    /// True when the request was answered. Only plain requests are: GET, no body, no range, the connection is kept.
    func answerFromMemo(_ head: RequestHead, _ known: HeadMemo.Entry?) -> Bool {
        guard head.method == .get, head.framing == .none, head.range == nil, !head.hasPrecondition, !head.isOld,
            let span = head.host, !head.connection.contains(.close), !head.wantsWebSocket, !worker.isClosing
        else { return false }
        let version = worker.routes.version
        let answer: PreparedAnswer? = pending.withUnsafeReadableBytes { bytes in
            guard let site = hosts.site(span.slice(bytes), version: version),
                let entry = worker.siteMemo.entry(
                    site, head.target.slice(bytes), acceptEncoding: head.acceptEncoding?.slice(bytes))
            else { return nil }
            if let tag = head.ifNoneMatch, tag.slice(bytes).isSame(as: entry.etagBytes) { return notModified(entry) }
            if head.ifNoneMatch != nil || head.ifModifiedSince != nil,
                Precondition.isUnmodified(
                    etag: entry.etag, modified: entry.modified, ifNoneMatch: head.ifNoneMatch?.slice(bytes),
                    ifModifiedSince: head.ifModifiedSince?.slice(bytes))
            {
                return notModified(entry)
            }
            return entry.body == nil ? nil : found(entry)
        }
        guard let answer else { return false }
        known?.answer = answer
        known?.version = version
        pending.moveReaderIndex(forwardBy: head.length)
        write(answer, version: version)
        return true
    }

    private func found(_ entry: SiteMemo.Entry) -> PreparedAnswer {
        if let answer = entry.found, holds(answer) { return answer }
        let answer = prepare(entry.heads.found, entry.body)
        entry.found = answer
        return answer
    }

    private func notModified(_ entry: SiteMemo.Entry) -> PreparedAnswer {
        if let answer = entry.notModified, holds(answer) { return answer }
        let answer = prepare(entry.heads.notModified, nil)
        entry.notModified = answer
        return answer
    }

    private func holds(_ answer: PreparedAnswer) -> Bool {
        answer.holds(second: worker.seconds, isSecure: forwarding.isSecure)
    }

    private func prepare(_ head: ByteBuffer, _ body: ByteBuffer?) -> PreparedAnswer {
        var out = ByteBufferAllocator().buffer(capacity: head.readableBytes + 160)
        out.writeImmutableBuffer(head)
        end(&out, isKept: true, isOld: false)
        return PreparedAnswer(head: out, body: body, second: worker.seconds, isSecure: forwarding.isSecure)
    }

    /// Keeps what a request was answered with, for the next one like it. Called while the head is at the front of `pending`.
    func remember(
        _ head: RequestHead, site: PublishedSite, request: SiteRequest, heads: SiteHeads, body: ByteBuffer?
    ) {
        // Files of a replaced release end with their time; pages for what is not there have any number of paths.
        guard measured == nil, request.found.site === site, request.found.status == 200, head.method == .get,
            head.target.count <= SiteMemo.maximumTarget
        else { return }
        let hasTwins = request.file.brotli != nil || request.file.gzip != nil
        let entry = pending.withUnsafeReadableBytes { bytes in
            SiteMemo.Entry(
                site: site, target: Array(head.target.slice(bytes)),
                acceptEncoding: hasTwins ? head.acceptEncoding.map { Array($0.slice(bytes)) } ?? [] : nil,
                modified: request.file.modified, heads: heads,
                body: body)
        }
        worker.siteMemo.insert(entry)
    }
}
