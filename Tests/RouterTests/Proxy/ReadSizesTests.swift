import NIOCore
import Testing

@testable import Router

@Suite struct ReadSizesTests {
    @Test func buffersGrowWithATransferAndAreNotKept() {
        var sizes = ReadSizes.allocator
        #expect(sizes.nextBufferSize() == 1024)
        var seen: [Int] = []
        for _ in 0..<8 {
            let capacity = sizes.buffer(allocator: ByteBufferAllocator()).capacity
            seen.append(capacity)
            let isNew = sizes.record(actualReadBytes: capacity)
            // A large buffer is a new one each time: the connection does not hold on to it.
            #expect(isNew == (sizes.nextBufferSize() == nil))
        }
        #expect(seen.prefix(6) == [1024, 4096, 16_384, 65_536, 262_144, 1_048_576])
        #expect(seen.last == 1_048_576)
        for _ in 0..<12 { _ = sizes.record(actualReadBytes: 100) }
        #expect(sizes.nextBufferSize() == 1024)
    }

    @Test func oneSmallReadDoesNotShrinkThem() {
        var sizes = ReadSizes.allocator
        for _ in 0..<3 { _ = sizes.record(actualReadBytes: 1 << 20) }
        let before = sizes.buffer(allocator: ByteBufferAllocator()).capacity
        _ = sizes.record(actualReadBytes: 10)
        #expect(sizes.buffer(allocator: ByteBufferAllocator()).capacity == before)
    }
}
