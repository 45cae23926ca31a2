import Testing

@testable import Router

@Suite struct PreconditionTests {
    private func isUnmodified(etag: String? = nil, date: String? = nil) -> Bool {
        func bytes(_ text: String?, _ body: (UnsafeRawBufferPointer?) -> Bool) -> Bool {
            guard let text else { return body(nil) }
            return Array(text.utf8).withUnsafeBytes { body($0) }
        }
        return bytes(etag) { etag in
            bytes(date) {
                Precondition.isUnmodified(
                    etag: "\"abc\"", modified: 784_111_777, ifNoneMatch: etag, ifModifiedSince: $0)
            }
        }
    }

    @Test(arguments: ["\"abc\"", "W/\"abc\"", "*", "\"x\", \"abc\"", "\"x,y\",W/\"abc\""])
    func matches(_ list: String) { #expect(isUnmodified(etag: list)) }

    @Test(arguments: ["", "abc", "\"abcd\"", "\"ab", "\"x\", \"y\"", "\"\"", "\"*\""])
    func doesNotMatch(_ list: String) { #expect(!isUnmodified(etag: list)) }

    @Test func comparesTheDateOnlyWithoutATag() {
        #expect(isUnmodified(date: "Sun, 06 Nov 1994 08:49:37 GMT"))
        #expect(!isUnmodified(date: "Sun, 06 Nov 1994 08:49:38 GMT"))
        #expect(!isUnmodified(etag: "\"x\"", date: "Sun, 06 Nov 1994 08:49:37 GMT"))
    }
}
