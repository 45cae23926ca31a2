import Glibc
import NIOCore

/// What waits to be sent on a socket, in order.
struct PendingWrites {
    /// What an attempt to send has come to.
    enum Step: Equatable {
        /// Bytes were taken; there may be room for more.
        case sent(Int)
        /// The kernel has taken what it had room for.
        case full(Int)
        /// An error number.
        case failed(CInt)
    }

    private struct Entry {
        var data: IOData
        let promise: EventLoopPromise<Void>?
    }

    /// Buffers that go out in one call.
    private static let gathered = 64
    private static let nothing = IOData.byteBuffer(ByteBuffer())
    /// Bytes of a file that go out in one call.
    private static let filePart = 1 << 20

    private var entries: [Entry] = []
    private var start = 0
    /// Where that begins which may not be sent yet.
    private var flushed = 0
    /// Bytes of all that waits, flushed or not.
    private(set) var bytes = 0
    /// Of what has been sent whole; whoever sends takes them out.
    var completed: [EventLoopPromise<Void>] = []

    var isEmpty: Bool { start == entries.count }
    var hasFlushed: Bool { start < flushed }

    mutating func append(_ data: IOData, _ promise: EventLoopPromise<Void>?) {
        bytes += data.readableBytes
        entries.append(Entry(data: data, promise: promise))
    }

    /// What waits now may be sent.
    mutating func flush() { flushed = entries.count }

    /// Takes everything out. The promises are to be failed.
    mutating func removeAll() -> [EventLoopPromise<Void>] {
        let promises = entries[start...].compactMap(\.promise)
        entries.removeAll()
        (start, flushed, bytes) = (0, 0, 0)
        return promises
    }

    /// Sends what comes next, as much as one call takes.
    mutating func send(to descriptor: CInt) -> Step {
        switch entries[start].data {
        case .fileRegion(let region): return send(region, to: descriptor)
        case .byteBuffer(let buffer):
            guard start + 1 < flushed else {
                let size = buffer.readableBytes
                guard size > 0 else { return took(0, of: 0) }
                let count = buffer.withUnsafeReadableBytes { bytes in
                    Self.call { Glibc.send(descriptor, bytes.baseAddress, size, CInt(MSG_NOSIGNAL)) }
                }
                return took(count, of: size)
            }
            return sendGathered(to: descriptor)
        }
    }

    private mutating func sendGathered(to descriptor: CInt) -> Step {
        let end = min(flushed, start + Self.gathered)
        let (count, size) = withUnsafeTemporaryAllocation(of: iovec.self, capacity: end - start) { vectors in
            var (used, size) = (0, 0)
            for entry in entries[start..<end] {
                guard case .byteBuffer(let buffer) = entry.data else { break }
                buffer.withUnsafeReadableBytes { bytes in
                    // Stays where it is: the entry holds the buffer, and nobody else writes to it.
                    vectors[used] = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
                }
                used += 1
                size += buffer.readableBytes
            }
            guard size > 0 else { return (0, 0) }
            var message = msghdr()
            message.msg_iov = vectors.baseAddress
            message.msg_iovlen = used
            return (Self.call { sendmsg(descriptor, &message, CInt(MSG_NOSIGNAL)) }, size)
        }
        return took(count, of: size)
    }

    private mutating func send(_ region: FileRegion, to descriptor: CInt) -> Step {
        let size = min(region.readableBytes, Self.filePart)
        guard size > 0 else { return took(0, of: 0) }
        var offset = off_t(region.readerIndex)
        let count =
            (try? region.fileHandle.withUnsafeFileDescriptor { file in
                Self.call { sendfile(descriptor, file, &offset, size) }
            }) ?? Int(-EBADF)
        // The file has become shorter than was promised.
        guard count != 0 else { return .failed(EIO) }
        // Less than was asked for is not yet a full socket here.
        return count > 0 ? took(count, of: count) : took(count, of: size)
    }

    /// The result of a call, or its negative error number. A call that was interrupted is made again.
    private static func call(_ body: () -> Int) -> Int {
        while true {
            let count = body()
            if count >= 0 { return count }
            let code = errno
            if code != EINTR { return -Int(code) }
        }
    }

    private mutating func took(_ count: Int, of size: Int) -> Step {
        guard count >= 0 else { return count == -Int(EAGAIN) ? .full(0) : .failed(CInt(-count)) }
        bytes -= count
        var left = count
        while start < flushed {
            let length = entries[start].data.readableBytes
            guard length <= left else {
                if left > 0 { advance(left) }
                compact()
                return count < size ? .full(count) : .sent(count)
            }
            left -= length
            if let promise = entries[start].promise { completed.append(promise) }
            entries[start] = Entry(data: Self.nothing, promise: nil)
            start += 1
        }
        compact()
        return .sent(count)
    }

    private mutating func advance(_ count: Int) {
        switch entries[start].data {
        case .byteBuffer(var buffer):
            buffer.moveReaderIndex(forwardBy: count)
            entries[start].data = .byteBuffer(buffer)
        case .fileRegion(var region):
            region.moveReaderIndex(forwardBy: count)
            entries[start].data = .fileRegion(region)
        }
    }

    private mutating func compact() {
        if start == entries.count {
            // A connection that idles holds little.
            entries.removeAll(keepingCapacity: entries.count <= 4)
            (start, flushed) = (0, 0)
        } else if start >= Self.gathered, start * 2 >= entries.count {
            entries.removeFirst(start)
            flushed -= start
            start = 0
        }
    }
}
