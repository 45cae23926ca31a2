import Core
import Logging
import NIOCore

/// Answering from the files of a release.
extension FrontHandler {
    /// A request for a static site, as far as its answer needs it.
    private struct SiteRequest {
        let file: StaticSite.File
        let site: StaticSite
        let key: SiteCache.Key
        let isHead: Bool
        let isOld: Bool
        let isKept: Bool
        let body: RequestHead.Framing
        let format: PageFormat
        /// To look again when the files are gone: hostname and request target.
        let hostname: String
        let target: [UInt8]
        var isSecondLook = false
    }

    /// Answers the request whose head is at the front of `pending`.
    func answer(_ head: RequestHead, release: ID<Release>, site: StaticSite) {
        guard head.method == .get || head.method == .head else { return answer(head, with: .methodNotAllowed) }
        let resolution = pending.withUnsafeReadableBytes { bytes in
            head.target.isEmpty
                ? SitePath.resolve(UnsafeRawBufferPointer(start: nil, count: 0), in: site)
                : SitePath.resolve(head.target.slice(bytes), in: site)
        }
        switch resolution {
        case .directory(let location): redirect(head, to: location)
        case .file(let file): answer(head, release: release, site: site, file: file, isErrorPage: false)
        case .notFound:
            if let file = site.files["404.html"] {
                answer(head, release: release, site: site, file: file, isErrorPage: true)
            } else {
                answer(head, with: .notFound)
            }
        }
    }

    private func answer(
        _ head: RequestHead, release: ID<Release>, site: StaticSite, file: StaticSite.File, isErrorPage: Bool
    ) {
        let isUnmodified =
            !isErrorPage
            && pending.withUnsafeReadableBytes { bytes in
                Precondition.isUnmodified(
                    file, ifNoneMatch: head.ifNoneMatch?.slice(bytes),
                    ifModifiedSince: head.ifModifiedSince?.slice(bytes))
            }
        let isCached = worker.files.isSmall(file)
        let key = SiteCache.Key(release: release, path: file.path, isErrorPage: isErrorPage)
        let cached = isCached ? worker.files.cache.file(key) : nil
        let isAtHand = cached != nil || isUnmodified || head.method == .head
        let request = SiteRequest(
            file: file, site: site, key: key, isHead: head.method == .head, isOld: head.isOld,
            isKept: keepsConnection(head), body: head.framing, format: format(head),
            hostname: isAtHand ? "" : hosts.last?.name ?? "",
            target: isAtHand ? [] : pending.withUnsafeReadableBytes { Array(head.target.slice($0)) })
        pending.moveReaderIndex(forwardBy: head.length)
        if isUnmodified {
            let heads = cached?.heads ?? SiteHeads(file, status: 200)
            write(complete(heads.notModified, request, body: nil))
            finishAnswer(isKept: request.isKept, body: request.body)
        } else if request.isHead {
            let heads = cached?.heads ?? SiteHeads(file, status: isErrorPage ? 404 : 200)
            write(complete(heads.found, request, body: nil))
            finishAnswer(isKept: request.isKept, body: request.body)
        } else if let cached {
            writeFile(cached, request)
            finishAnswer(isKept: request.isKept, body: request.body)
        } else {
            fetch(request)
        }
    }

    private func fetch(_ request: SiteRequest) {
        phase = .answering
        if worker.files.isSmall(request.file) { load(request) } else { sendLarge(request) }
    }

    private func writeFile(_ cached: CachedFile, _ request: SiteRequest) {
        if cached.body.readableBytes <= Self.maximumJoinedFile {
            write(complete(cached.heads.found, request, body: cached.body))
        } else {
            write(complete(cached.heads.found, request, body: nil))
            write(cached.body)
        }
    }

    /// Content up to this size is copied behind its head: one `write` is cheaper than a `writev` of two.
    private static var maximumJoinedFile: Int { 8 * 1024 }

    private func load(_ request: SiteRequest) {
        worker.files.load(request.file, of: request.site, key: request.key, on: worker.eventLoop)
            .assumeIsolated().whenComplete { result in
                guard self.phase == .answering else { return }
                switch result {
                case .success(let cached):
                    self.writeFile(cached, request)
                    self.finish(request)
                case .failure(let error): self.missing(request, error)
                }
            }
    }

    private func sendLarge(_ request: SiteRequest) {
        worker.files.open(request.file, of: request.site, on: worker.eventLoop)
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success(let descriptor): self.send(descriptor, request)
                case .failure(let error): if self.phase == .answering { self.missing(request, error) }
                }
            }
    }

    private func finish(_ request: SiteRequest) {
        finishAnswer(isKept: request.isKept, body: request.body)
        readHeads()
    }

    private func send(_ descriptor: CInt, _ request: SiteRequest) {
        let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
        guard phase == .answering else {
            try? handle.close()
            return
        }
        write(complete(SiteHeads(request.file, status: request.key.isErrorPage ? 404 : 200).found, request, body: nil))
        let promise = worker.eventLoop.makePromise(of: Void.self)
        // Runs also when the connection ends before all is sent.
        promise.futureResult.whenComplete { _ in try? handle.close() }
        write(FileRegion(fileHandle: handle, readerIndex: 0, endIndex: request.file.size), promise: promise)
        finish(request)
    }

    /// The manifest names a file that cannot be opened as one: it is a link, or the release was replaced and removed
    /// since the request claimed it. In that case what is published now answers.
    private func missing(_ request: SiteRequest, _ error: any Error) {
        if !request.isSecondLook, let next = lookAgain(request) { return fetch(next) }
        worker.logger.warning(
            "file of a release cannot be read",
            metadata: ["release": "\(request.key.release)", "path": "\(request.file.path)", "error": "\(error)"])
        write(
            Page.notFound.render(
                request.format, includesBody: true, persistence: persistence(request.isKept, isOld: request.isOld),
                date: worker.date()))
        finish(request)
    }

    private func lookAgain(_ request: SiteRequest) -> SiteRequest? {
        let entry = worker.routes.claim(request.hostname)
        if case .upstream(let upstream)? = entry { upstream.requests.end() }
        guard case .site(let release, let site)? = entry, release != request.key.release else { return nil }
        guard case .file(let file) = request.target.withUnsafeBytes({ SitePath.resolve($0, in: site) }) else {
            return nil
        }
        return SiteRequest(
            file: file, site: site, key: .init(release: release, path: file.path, isErrorPage: false), isHead: false,
            isOld: request.isOld, isKept: request.isKept, body: request.body, format: request.format,
            hostname: request.hostname, target: request.target, isSecondLook: true)
    }

    private func redirect(_ head: RequestHead, to location: String) {
        let isKept = keepsConnection(head)
        pending.moveReaderIndex(forwardBy: head.length)
        var out = ByteBuffer(
            string: "HTTP/1.1 301 Moved Permanently\r\nLocation: \(location)\r\nContent-Length: 0\r\n"
                + "Cache-Control: public, max-age=0, must-revalidate\r\n")
        end(&out, isKept: isKept, isOld: head.isOld)
        write(out)
        finishAnswer(isKept: isKept, body: head.framing)
    }

    /// The ready-made head with what changes from answer to answer.
    private func complete(_ head: ByteBuffer, _ request: SiteRequest, body: ByteBuffer?) -> ByteBuffer {
        let length = head.readableBytes + (body?.readableBytes ?? 0) + 80
        var out = ByteBufferAllocator().buffer(capacity: length)
        out.writeImmutableBuffer(head)
        end(&out, isKept: request.isKept, isOld: request.isOld)
        if let body { out.writeImmutableBuffer(body) }
        return out
    }

    private func end(_ out: inout ByteBuffer, isKept: Bool, isOld: Bool) {
        out.writeBytes(worker.date())
        switch persistence(isKept, isOld: isOld) {
        case .close: out.writeStaticString("Connection: close\r\n\r\n")
        case .keepAlive: out.writeStaticString("Connection: keep-alive\r\n\r\n")
        case .implied, .upgrade: out.writeStaticString("\r\n")
        }
    }
}
