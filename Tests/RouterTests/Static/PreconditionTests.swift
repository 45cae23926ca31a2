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

    private func isMet(_ ifMatch: String?, _ ifUnmodifiedSince: String?) -> Bool {
        func bytes(_ text: String?, _ body: (UnsafeRawBufferPointer?) -> Bool) -> Bool {
            guard let text else { return body(nil) }
            return Array(text.utf8).withUnsafeBytes { body($0) }
        }
        return bytes(ifMatch) { tag in
            bytes(ifUnmodifiedSince) {
                Precondition.isMet(etag: "\"abc\"", modified: 784_111_777, ifMatch: tag, ifUnmodifiedSince: $0)
            }
        }
    }

    /// RFC 9110 sections 13.1.1 and 13.1.4.
    @Test(
        arguments: [
            ("\"abc\"", nil, true), ("*", nil, true), ("\"x\", \"abc\"", nil, true), ("W/\"abc\"", nil, false),
            ("\"x\"", nil, false), ("", nil, false), ("\"abc\"", "Sun, 06 Nov 1994 08:49:36 GMT", true),
            (nil, "Sun, 06 Nov 1994 08:49:37 GMT", true), (nil, "Sun, 06 Nov 1994 08:49:36 GMT", false),
            (nil, "Mon, 31 Oct 1994 23:59:59 GMT", false), (nil, "Thu, 01 Dec 1994 00:00:00 GMT", true),
            (nil, "Sun, 01 Jan 1995 00:00:00 GMT", true), (nil, "yesterday", true), (nil, nil, true),
        ] as [(String?, String?, Bool)])
    func aStateThatIsAskedForMustBeThere(_ ifMatch: String?, _ ifUnmodifiedSince: String?, _ isThere: Bool) {
        #expect(isMet(ifMatch, ifUnmodifiedSince) == isThere)
    }
}
