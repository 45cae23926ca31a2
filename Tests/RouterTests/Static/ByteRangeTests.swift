import Testing

@testable import Router

/// RFC 9110 section 14.
@Suite struct ByteRangeTests {
    private func select(_ value: String, size: Int = 1000) -> ByteRange.Selection {
        Array(value.utf8).withUnsafeBytes { ByteRange.select($0, size: size) }
    }

    @Test(arguments: [
        ("bytes=0-0", [0..<1]), ("bytes=0-499", [0..<500]), ("bytes=500-", [500..<1000]), ("bytes=-1", [999..<1000]),
        ("bytes=-5000", [0..<1000]), ("bytes=990-5000", [990..<1000]), ("Bytes=1-2", [1..<3]),
        ("bytes=0-1, 5-6", [0..<2, 5..<7]), ("bytes=5-6,0-1", [5..<7, 0..<2]), ("bytes=0-0,,2000-", [0..<1]),
        ("bytes=999999999999999999999999-,1-1", [1..<2]), ("bytes=0-99999999999999999999999999", [0..<1000]),
    ])
    func picksParts(_ value: String, _ parts: [Range<Int>]) { #expect(select(value) == .parts(parts)) }

    @Test(arguments: ["bytes=1000-", "bytes=-0", "bytes=2000-3000", "bytes=-0,1000-"])
    func refusesWhatIsNotThere(_ value: String) { #expect(select(value) == .unsatisfiable) }

    @Test(arguments: [
        "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=1-2-3", "items=0-1", "bytes=0-1,x",
        "bytes=0x1-2", "bytes= -", "bytes=--1", "bytes=0-999,0-999", "bytes=0-,0-", "bytes:0-1",
    ])
    func sendsAllForWhatIsMalformedOrOverlaps(_ value: String) { #expect(select(value) == .whole) }

    @Test func regressionManyRangesAreNotHonoured() {
        let many = (0..<10_000).map { "\($0)-\($0)" }.joined(separator: ",")
        #expect(select("bytes=" + many, size: 1 << 20) == .whole)
        #expect(select("bytes=" + (0..<16).map { "\($0 * 2)-\($0 * 2)" }.joined(separator: ",")) != .whole)
        #expect(select("bytes=" + (0..<17).map { "\($0 * 2)-\($0 * 2)" }.joined(separator: ",")) == .whole)
    }

    @Test func anEmptyFileHasNoParts() { #expect(select("bytes=0-", size: 0) == .unsatisfiable) }

    @Test(arguments: [
        ("\"abc\"", true), ("W/\"abc\"", false), ("\"abd\"", false), ("abc", false),
        ("Sun, 06 Nov 1994 08:49:37 GMT", true), ("Sun, 06 Nov 1994 08:49:38 GMT", false), ("", false),
    ])
    func ifRangeTakesStrongValidatorsOnly(_ value: String, _ isCurrent: Bool) {
        let result = Array(value.utf8).withUnsafeBytes {
            ByteRange.isCurrent($0, etag: "\"abc\"", modified: 784_111_777, now: 784_111_800)
        }
        #expect(result == isCurrent)
    }

    @Test func aDateOfThisVerySecondIsNotStrong() {
        let isCurrent = Array("Sun, 06 Nov 1994 08:49:37 GMT".utf8).withUnsafeBytes {
            ByteRange.isCurrent($0, etag: "\"abc\"", modified: 784_111_777, now: 784_111_777)
        }
        #expect(!isCurrent)
    }
}
