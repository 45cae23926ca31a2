import NIOCore
import NIOPosix

/// Sends a file piece by piece where the kernel cannot: through TLS and in frames. Reads on a thread pool, and no further
/// than the client keeps up.
final class FileStream {
    /// Bytes read at once.
    static let chunk = 256 * 1024

    private unowned let front: FrontHandler
    private let handle: NIOFileHandle
    private let request: SiteRequest
    private var pieces: ArraySlice<FrontHandler.SitePiece>
    private var isReading = false
    private var isCancelled = false

    init(
        front: FrontHandler, descriptor: NIOFileHandle, pieces: [FrontHandler.SitePiece], request: SiteRequest
    ) {
        self.front = front
        handle = descriptor
        self.pieces = pieces[...]
        self.request = request
    }

    /// Goes on if the client takes more. Also called when it does again.
    func resume() {
        while !isReading, !isCancelled, front.isWritable {
            guard let piece = pieces.popFirst() else { return finish() }
            switch piece {
            case .bytes(let buffer): front.write(buffer)
            case .file(let range):
                let part = range.prefix(Self.chunk)
                if part.count < range.count { pieces = [.file(part.upperBound..<range.upperBound)] + pieces }
                read(part)
            }
        }
        front.flushIfNeeded()
    }

    private func read(_ part: Range<Int>) {
        isReading = true
        let descriptor = try? handle.withUnsafeFileDescriptor { $0 }
        front.worker.files.pool.runIfActive(eventLoop: front.worker.eventLoop) {
            try BeneathFile.read(descriptor ?? -1, part)
        }
        .assumeIsolated().whenComplete { result in
            self.isReading = false
            guard !self.isCancelled else { return self.close() }
            switch result {
            case .success(let bytes):
                self.front.write(ByteBuffer(bytes: bytes))
                self.resume()
            case .failure:
                self.cancel()
                self.front.abort()
            }
        }
    }

    /// The client has gone.
    func cancel() {
        isCancelled = true
        if !isReading { close() }
    }

    private func finish() {
        close()
        isCancelled = true
        front.fileStream = nil
        front.finish(request)
    }

    private func close() { try? handle.close() }
}
