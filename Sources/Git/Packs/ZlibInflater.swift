import CZlib

/// Inflates zlib streams (RFC 1950) one after another, into memory that the caller bounds: nothing is ever allocated for
/// what a stream claims to hold.
package struct ZlibInflater: ~Copyable {
    package struct Step: Sendable {
        /// Input bytes that were taken.
        package let consumed: Int
        /// Output bytes that were written.
        package let produced: Int
        /// The stream is complete, its check sum right. Input that was not taken belongs to what follows.
        package let isFinished: Bool
    }

    // zlib keeps the address of the stream, so it may not move.
    private let stream: UnsafeMutablePointer<z_stream>

    package init() throws(GitError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard czlib_inflate_init(stream, 15) == Z_OK else {
            stream.deallocate()
            throw GitError(.library(-1), "zlib does not start", operation: "inflateInit")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Makes ready for the next stream.
    package mutating func reset() { inflateReset(stream) }

    /// Goes on until the input is used up, the output is full or the stream is complete.
    ///
    /// With a full output it may take one more call, with room for nothing, to learn that the stream is complete. Throws
    /// `.refused` when the bytes are no zlib stream.
    package mutating func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(GitError) -> Step {
        let input = UnsafeRawBufferPointer(rebasing: input.prefix(Int(UInt32.max)))
        let output = UnsafeMutableRawBufferPointer(rebasing: output.prefix(Int(UInt32.max)))
        // zlib takes no null pointer, also where it may write nothing.
        var nothing: UInt8 = 0
        let status = withUnsafeMutablePointer(to: &nothing) { nothing in
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(nothing))
            stream.pointee.avail_in = UInt32(input.count)
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? nothing
            stream.pointee.avail_out = UInt32(output.count)
            return inflate(stream, Z_NO_FLUSH)
        }
        let consumed = input.count - Int(stream.pointee.avail_in)
        let produced = output.count - Int(stream.pointee.avail_out)
        switch status {
        case Z_OK, Z_STREAM_END:
            return Step(consumed: consumed, produced: produced, isFinished: status == Z_STREAM_END)
        case Z_BUF_ERROR: return Step(consumed: consumed, produced: produced, isFinished: false)
        case Z_MEM_ERROR: throw GitError(.library(status), "out of memory", operation: "inflate")
        default:
            throw GitError(.refused, "the pack is damaged: an entry cannot be inflated", operation: "inflate")
        }
    }

    /// Inflates one whole stream that comes to exactly `output.count` bytes and returns how many input bytes it had.
    ///
    /// Throws `.refused` when it is longer, shorter, cut off or no zlib stream.
    package mutating func inflateWhole(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(GitError) -> Int {
        reset()
        var (consumed, produced) = (0, 0)
        while true {
            let step = try step(
                UnsafeRawBufferPointer(rebasing: input[consumed...]),
                into: UnsafeMutableRawBufferPointer(rebasing: output[produced...]))
            consumed += step.consumed
            produced += step.produced
            if step.isFinished {
                guard produced == output.count else { throw Self.wrongSize }
                return consumed
            }
            if step.consumed == 0, step.produced == 0 { throw Self.wrongSize }
        }
    }

    package static let wrongSize = GitError(
        .refused, "the pack is damaged: an entry is not as long as it says", operation: "inflate")
}
