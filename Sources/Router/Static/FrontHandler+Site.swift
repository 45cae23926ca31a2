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
        let request = SiteRequest(
            file: file, site: site, key: .init(release: release, path: file.path, isErrorPage: isErrorPage),
            isHead: head.method == .head, isOld: head.isOld, isKept: keepsConnection(head), body: head.framing,
            format: format(head))
        pending.moveReaderIndex(forwardBy: head.length)
        let cached = worker.files.isSmall(file) ? worker.files.cache.file(request.key) : nil
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
        } else if worker.files.isSmall(file) {
            load(request)
        } else {
            sendLarge(request)
        }
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
        phase = .answering
        worker.files.load(request.file, of: request.site, key: request.key, on: worker.eventLoop)
            .assumeIsolated().whenComplete { result in
                guard self.phase == .answering else { return }
                switch result {
                case .success(let cached): self.writeFile(cached, request)
                case .failure(let error): self.writeMissing(request, error)
                }
                self.finishAnswer(isKept: request.isKept, body: request.body)
                self.readHeads()
            }
    }

    private func sendLarge(_ request: SiteRequest) {
        phase = .answering
        worker.files.open(request.file, of: request.site, on: worker.eventLoop)
            .assumeIsolated().whenComplete { result in
                switch result {
                case .success(let descriptor): self.send(descriptor, request)
                case .failure(let error):
                    guard self.phase == .answering else { return }
                    self.writeMissing(request, error)
                }
                guard self.phase == .answering else { return }
                self.finishAnswer(isKept: request.isKept, body: request.body)
                self.readHeads()
            }
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
    }

    /// The manifest names a file that cannot be opened as one: it was removed, or it is a link.
    private func writeMissing(_ request: SiteRequest, _ error: any Error) {
        worker.logger.warning(
            "file of a release cannot be read",
            metadata: ["release": "\(request.key.release)", "path": "\(request.file.path)", "error": "\(error)"])
        write(
            Page.notFound.render(
                request.format, includesBody: true, persistence: persistence(request.isKept, isOld: request.isOld),
                date: worker.date()))
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
