import Testing

@testable import API

@Suite("JSON")
struct JSONValueTests {
    @Test("keeps the order of its members and escapes what must be")
    func text() {
        let value: JSONValue = [
            "z": "a\"b\\c\n\u{1}\u{7f}é/", "a": [.integer(-3), .boolean(true), .null], "o": [:],
        ]
        #expect(value.text == #"{"z":"a\"b\\c\n\u0001\u007fé/","a":[-3,true,null],"o":{}}"#)
    }
}
