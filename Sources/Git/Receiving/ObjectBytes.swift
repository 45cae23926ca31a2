/// The content of one object, in memory that is freed with the last reference.
final class ObjectBytes {
    private var memory: UnsafeMutableRawBufferPointer

    /// Room for exactly `count` bytes, not yet written.
    init(count: Int) { memory = .allocate(byteCount: count, alignment: 16) }

    init(copying bytes: UnsafeRawBufferPointer) {
        memory = .allocate(byteCount: bytes.count, alignment: 16)
        memory.copyMemory(from: bytes)
    }

    deinit { memory.deallocate() }

    var count: Int { memory.count }

    func withBytes<Value>(_ body: (UnsafeRawBufferPointer) throws(GitError) -> Value) throws(GitError) -> Value {
        try body(UnsafeRawBufferPointer(memory))
    }

    func withMutableBytes<Value>(
        _ body: (UnsafeMutableRawBufferPointer) throws(GitError) -> Value
    ) throws(GitError) -> Value { try body(memory) }

    /// Makes room for `count` bytes and keeps what is there.
    func grow(to count: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(memory))
        memory.deallocate()
        memory = larger
    }
}
