import Core
import Logging
import NIOCore
import NIOPosix

/// Answering from the files of a release: the content.
extension FrontHandler {
    /// A piece of an answer's body.
    enum SitePiece {
        case bytes(ByteBuffer)
        case file(Range<Int>)
    }

    func fetch(_ request: SiteRequest) {
        phase = .answering
        var request = request
        request.measured = measured ?? request.measured
        measured = nil
        if worker.files.isSmall(request) { load(request) } else { sendLarge(request) }
    }

    // MARK: - From memory

    func writeFile(_ cached: CachedFile, _ request: SiteRequest) {
        guard request.parts.isEmpty else {
            let (head, pieces) = partial(request, cached.heads)
            write(complete(head, request, body: nil))
            for piece in pieces {
                switch piece {
                case .bytes(let buffer): write(buffer)
                case .file(let range):
                    if let slice = cached.body.getSlice(at: range.lowerBound, length: range.count) { write(slice) }
                }
            }
            return
        }
        if cached.body.readableBytes <= Self.maximumJoinedFile {
            write(complete(cached.heads.found, request, body: cached.body))
        } else {
            write(complete(cached.heads.found, request, body: nil))
            write(cached.body)
        }
    }

    /// Content up to this size is copied behind its head: one `write` is cheaper than a `writev` of two.
    private static var maximumJoinedFile: Int { 8 * 1024 }

    /// The head and the body of a 206 (RFC 9110 section 15.3.7): one part as it is, several as multipart/byteranges.
    private func partial(_ request: SiteRequest, _ heads: SiteHeads) -> (head: ByteBuffer, pieces: [SitePiece]) {
        let line = "HTTP/1.1 206 Partial Content\r\n"
        func span(_ part: Range<Int>) -> String { "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(request.size)" }
        if request.parts.count == 1, let part = request.parts.first {
            let head =
                line + "Content-Type: \(heads.contentType)\r\nContent-Length: \(part.count)\r\n"
                + "Content-Range: \(span(part))\r\n" + heads.partialFields
            return (ByteBuffer(string: head), [.file(part)])
        }
        let boundary = worker.nextRequestID().text
        var pieces: [SitePiece] = []
        var length = 0
        for part in request.parts {
            let text =
                "\r\n--\(boundary)\r\nContent-Type: \(heads.contentType)\r\nContent-Range: \(span(part))\r\n\r\n"
            pieces += [.bytes(ByteBuffer(string: text)), .file(part)]
            length += text.utf8.count + part.count
        }
        let end = "\r\n--\(boundary)--\r\n"
        pieces.append(.bytes(ByteBuffer(string: end)))
        length += end.utf8.count
        let head =
            line + "Content-Type: multipart/byteranges; boundary=\(boundary)\r\nContent-Length: \(length)\r\n"
            + heads.partialFields
        return (ByteBuffer(string: head), pieces)
    }

    // MARK: - From the disk

    private func load(_ request: SiteRequest) {
        worker.files.load(request, on: worker.eventLoop).assumeIsolated().whenComplete { result in
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
        worker.files.open(request, on: worker.eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let descriptor): self.send(descriptor, request)
            case .failure(let error): if self.phase == .answering { self.missing(request, error) }
            }
        }
    }

    func finish(_ request: SiteRequest) {
        request.measured?.answered(status: 200)
        finishAnswer(isKept: request.isKept, body: request.body)
        readHeads()
    }

    private func send(_ descriptor: CInt, _ request: SiteRequest) {
        guard phase == .answering else {
            BeneathFile.close(descriptor)
            return
        }
        let heads = request.makeHeads()
        let pieces: [SitePiece]
        if request.parts.isEmpty {
            write(complete(heads.found, request, body: nil))
            pieces = [.file(0..<request.size)]
        } else {
            let (head, parts) = partial(request, heads)
            write(complete(head, request, body: nil))
            pieces = parts
        }
        sendFile(descriptor, pieces, released: { BeneathFile.close(descriptor) }, finished: { self.finish(request) })
    }

    /// Sends pieces of an open file, by the kernel where that can be. `finished` is called when the next answer may follow.
    func sendFile(
        _ descriptor: CInt, _ pieces: [SitePiece], released: @escaping () -> Void, finished: @escaping () -> Void
    ) {
        guard sendsFiles else {
            fileStream = FileStream(
                front: self, descriptor: descriptor, pieces: pieces, released: released, finished: finished)
            fileStream?.resume()
            return
        }
        let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
        var last: EventLoopPromise<Void>?
        for piece in pieces {
            switch piece {
            case .bytes(let buffer): write(buffer)
            case .file(let range):
                let promise = worker.eventLoop.makePromise(of: Void.self)
                last = promise
                write(
                    FileRegion(fileHandle: handle, readerIndex: range.lowerBound, endIndex: range.upperBound),
                    promise: promise)
            }
        }
        openFiles += 1
        // Runs also when the connection ends before all is sent; writes end in their order.
        let done = last?.futureResult ?? worker.eventLoop.makeSucceededVoidFuture()
        done.assumeIsolated().whenComplete { _ in
            self.openFiles -= 1
            _ = try? handle.takeDescriptorOwnership()
            released()
        }
        finished()
    }

    /// The manifest names a file that cannot be opened as one: it is a link, or the release was replaced and removed
    /// since the request claimed it. In that case what is published now answers.
    func missing(_ request: SiteRequest, _ error: any Error) {
        if !request.isSecondLook, let next = lookAgain(request) { return fetch(next) }
        request.measured?.meter.failed()
        var counted = request
        counted.measured = nil
        worker.logger.warning(
            "file of a release cannot be read",
            metadata: [
                "release": "\(request.found.site.release)", "path": "\(request.path)", "error": "\(error)",
            ])
        write(
            render(.notFound, format: request.format, includesBody: true, isKept: request.isKept, isOld: request.isOld))
        finish(counted)
    }

    private func lookAgain(_ request: SiteRequest) -> SiteRequest? {
        let entry = worker.routes.claim(request.hostname)
        if case .upstream(let upstream)? = entry { upstream.requests.end() }
        guard case .site(let site)? = entry, site.release != request.found.site.release else { return nil }
        let answer = request.target.withUnsafeBytes { SiteResolver.resolve($0, in: site, now: .now) }
        guard case .file(let found) = answer, found.status == 200 else { return nil }
        return SiteRequest(
            found: found, coding: .identity, rules: [], isHead: false, isOld: request.isOld, isKept: request.isKept,
            body: request.body, format: request.format, hostname: request.hostname, target: request.target,
            isSecondLook: true, measured: request.measured)
    }
}
