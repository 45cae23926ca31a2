import CZlib

/// Inflates a gzip stream piece by piece, never more than asked for at once.
struct Inflater: ~Copyable {
    enum Failure: Error { case damaged }

    /// zlib keeps a pointer to it, so it must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isFinished = false

    init() throws(Failure) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard czlib_inflate_init(stream, MAX_WBITS + 16) == Z_OK else {
            stream.deinitialize(count: 1)
            stream.deallocate()
            throw .damaged
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Inflates all of `input` and hands the output on in pieces; `body` returns false to stop.
    mutating func inflate(_ input: [UInt8], _ body: (ArraySlice<UInt8>) -> Bool) throws(Failure) {
        var input = input
        var output = [UInt8](repeating: 0, count: 1 << 16)
        stream.pointee.avail_in = UInt32(input.count)
        // Bytes after the end of the stream are no part of it.
        guard !isFinished else { return }
        var status = Z_OK
        var isStopped = false
        input.withUnsafeMutableBufferPointer { source in
            stream.pointee.next_in = source.baseAddress
            repeat {
                let count = output.withUnsafeMutableBufferPointer { target in
                    stream.pointee.next_out = target.baseAddress
                    stream.pointee.avail_out = UInt32(target.count)
                    status = CZlib.inflate(stream, Z_NO_FLUSH)
                    return target.count - Int(stream.pointee.avail_out)
                }
                if count > 0 { isStopped = !body(output[..<count]) }
            } while status == Z_OK && !isStopped && (stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0)
            stream.pointee.next_in = nil
        }
        switch status {
        case Z_STREAM_END: isFinished = true
        case Z_OK, Z_BUF_ERROR: break
        default: throw .damaged
        }
    }

    /// Whether the stream's end has been seen.
    var isComplete: Bool { isFinished }
}
