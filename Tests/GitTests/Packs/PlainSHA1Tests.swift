import Testing

@testable import Git

@Suite struct PlainSHA1Tests {
    @Test(arguments: [
        ("", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
        ("a", 1_000_000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
    ])
    func theStandardsExamples(text: String, count: Int, hash: String) {
        let bytes = Array(String(repeating: text, count: count).utf8)
        for piece in [1, 7, 63, 64, 65, 1_000_000] where bytes.count < 1000 || piece > 60 {
            for isBuiltIn in [true, false] {
                var sha = PlainSHA1(allowsBuiltIn: isBuiltIn)
                for start in stride(from: 0, to: bytes.count, by: piece) {
                    sha.update(Array(bytes[start..<min(start + piece, bytes.count)]))
                }
                #expect(sha.finish().description == hash)
            }
        }
    }
}
