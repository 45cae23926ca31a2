import Core
import Testing

struct ByteCountTests {
    @Test(
        arguments: [
            (0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (1536, "1.5 KiB"), (48 << 20, "48 MiB"),
            ((4 << 30) - 1, "3.9 GiB"), (4 << 30, "4 GiB"), (.max, "8589934591.9 GiB"),
        ] as [(Int, String)])
    func `a number of bytes is told in the largest unit that it has one of`(_ bytes: Int, _ text: String) {
        #expect(ByteCount.text(bytes) == text)
    }
}
