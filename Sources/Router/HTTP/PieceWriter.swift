import NIOCore

/// Writes a head piece by piece into memory that was made large enough before: a `ByteBuffer` would look at its own bounds,
/// and at who else holds it, for each piece.
struct PieceWriter {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    fileprivate init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    @inline(__always)
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= memory.count - count, "the memory for a head is too small")
        guard let source = bytes.baseAddress, let target = memory.baseAddress else { return }
        (target + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    mutating func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { write($0) } }

    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    mutating func write(_ byte: UInt8) {
        precondition(count < memory.count, "the memory for a head is too small")
        memory[count] = byte
        count += 1
    }
}

extension ByteBuffer {
    /// - Parameter capacity: bytes that `body` writes at most.
    @inline(__always)
    mutating func writePieces(atMost capacity: Int, _ body: (inout PieceWriter) -> Void) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { memory in
            var pieces = PieceWriter(memory)
            body(&pieces)
            return pieces.count
        }
    }
}
