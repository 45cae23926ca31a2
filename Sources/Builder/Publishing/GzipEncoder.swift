import CZlib

/// Compresses with gzip (RFC 1952), by zlib.
enum GzipEncoder {
    /// `nil` when zlib has no memory, or the result is not smaller than `limit` bytes. Blocks.
    static func encode(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        guard limit > 0, bytes.count <= Int(UInt32.max) else { return nil }
        var stream = z_stream()
        guard czlib_deflate_init(&stream, 9, 15 + 16) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        var isDone = false
        var source = bytes
        let out = [UInt8](unsafeUninitializedCapacity: limit) { target, count in
            source.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = target.baseAddress
                stream.avail_out = UInt32(limit)
                isDone = deflate(&stream, Z_FINISH) == Z_STREAM_END
                count = isDone ? limit - Int(stream.avail_out) : 0
            }
        }
        return isDone ? out : nil
    }
}
