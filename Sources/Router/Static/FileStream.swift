import NIOCore
import NIOPosix

/// Sends a file piece by piece where the kernel cannot: through TLS and in frames. Reads on a thread pool, and no further
/// than the client keeps up.
final class FileStream {
    /// Bytes read at once.
    static let chunk = 256 * 1024

    private unowned let front: FrontHandler
    private let descriptor: CInt
    private var pieces: ArraySlice<FrontHandler.SitePiece>
    /// Called when all is sent.
    private let finished: () -> Void
    /// Called when the file is not needed any more, whatever happened.
    private let released: () -> Void
    private var isReading = false
    private var isCancelled = false

    init(
        front: FrontHandler, descriptor: CInt, pieces: [FrontHandler.SitePiece], released: @escaping () -> Void,
        finished: @escaping () -> Void
    ) {
        self.front = front
        self.descriptor = descriptor
        self.pieces = pieces[...]
        self.released = released
        self.finished = finished
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
        front.worker.files.pool.runIfActive(eventLoop: front.worker.eventLoop) { [descriptor] in
            try BeneathFile.read(descriptor, part)
        }
        .assumeIsolated().whenComplete { result in
            self.isReading = false
            guard !self.isCancelled else { return self.released() }
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

    /// The client has gone. Fine when it is cancelled already: a number that is given back twice may be another's by then.
    func cancel() {
        guard !isCancelled else { return }
        isCancelled = true
        if !isReading { released() }
    }

    private func finish() {
        released()
        isCancelled = true
        front.fileStream = nil
        finished()
    }
}
