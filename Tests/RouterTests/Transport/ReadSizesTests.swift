import NIOCore
import Testing

@testable import Router

@Suite struct ReadSizesTests {
    @Test func readsGrowWithATransferAndShrinkAfterwards() {
        var sizes = ReadSizes()
        var seen: [Int] = []
        for _ in 0..<8 {
            seen.append(sizes.size)
            sizes.record(sizes.size)
        }
        #expect(seen == [1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 1_048_576, 1_048_576])
        for _ in 0..<12 { sizes.record(100) }
        #expect(sizes.size == 1024)
    }

    @Test func oneSmallReadDoesNotShrinkThem() {
        var sizes = ReadSizes()
        for _ in 0..<3 { sizes.record(1 << 20) }
        let before = sizes.size
        sizes.record(10)
        #expect(sizes.size == before)
    }

    @Test func onlyALittleInALargeBufferIsCopied() {
        var sizes = ReadSizes()
        for _ in 0..<3 { sizes.record(sizes.size) }
        #expect(sizes.size == 65_536)
        #expect(sizes.isLittle(1) && sizes.isLittle(8192) && !sizes.isLittle(8193))
        var small = ReadSizes()
        for _ in 0..<2 { small.record(small.size) }
        #expect(small.size == 16_384 && !small.isLittle(1))
        var large = ByteBufferAllocator().buffer(capacity: 1 << 20)
        large.writeString("little")
        let fitted = ReadBuffers.fitted(large)
        #expect(fitted == large && fitted.capacity < 100)
    }

    @Test func aBufferServesAgainWhenNobodyHoldsIt() {
        var (buffers, sizes) = (ReadBuffers(), ReadSizes())
        sizes.record(sizes.size)
        func address(_ buffer: inout ByteBuffer) -> UnsafeMutableRawPointer? {
            buffer.withUnsafeMutableWritableBytes { $0.baseAddress }
        }
        var first = buffers.take(sizes)
        let place = address(&first)
        first.writeString("kept by somebody")
        buffers.keep(first, sizes)
        var second = buffers.take(sizes)
        #expect(address(&second) != place)
        #expect(second.readableBytes == 0 && second.capacity >= sizes.size)
        #expect(String(buffer: first) == "kept by somebody")
        let again = address(&second)
        buffers.keep(second, sizes)
        second = ByteBuffer()
        var third = buffers.take(sizes)
        #expect(address(&third) == again)
    }
}
