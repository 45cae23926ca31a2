import CZlib

/// Writes zlib streams (RFC 1950), for the few objects that are compressed here instead of by the client.
package enum ZlibDeflater {
    /// Compresses `bytes` and hands the stream on in pieces.
    /// - Parameter level: 1 (quick) to 9 (small).
    package static func deflate(
        _ bytes: UnsafeRawBufferPointer, level: Int32, _ body: (UnsafeRawBufferPointer) throws(GitError) -> Void
    ) throws(GitError) {
        // zlib keeps the address of the stream, so it may not move.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        guard czlib_deflate_init(stream, level, MAX_WBITS) == Z_OK else {
            throw GitError(.library(-1), "zlib does not start", operation: "deflateInit")
        }
        defer { deflateEnd(stream) }
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { output.deallocate() }
        var rest = bytes
        while true {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.pointee.avail_in = UInt32(piece.count)
            let isLast = rest.isEmpty
            var status = Z_OK
            repeat {
                stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(output.count)
                status = CZlib.deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                let count = output.count - Int(stream.pointee.avail_out)
                if count > 0 { try body(UnsafeRawBufferPointer(rebasing: output[..<count])) }
            } while stream.pointee.avail_out == 0
            if status == Z_STREAM_END { return }
            guard status == Z_OK || status == Z_BUF_ERROR, !isLast else {
                throw GitError(.library(status), "deflate failed", operation: "deflate")
            }
        }
    }

    /// The whole stream of `bytes`.
    package static func deflated(_ bytes: UnsafeRawBufferPointer, level: Int32 = 6) throws(GitError) -> [UInt8] {
        var stream: [UInt8] = []
        try deflate(bytes, level: level) { (piece) throws(GitError) in stream.append(contentsOf: piece) }
        return stream
    }
}
