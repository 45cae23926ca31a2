import Testing

@testable import Builder

struct JSONParserTests {
    @Test func everyKindOfValueIsRead() throws {
        let text = " {\"a\": [1, -2.5e+3, true, false, null], \"b\\n\": {\"c\": \"\\u00e9\\ud83d\\ude00\\/\"}} \n"
        #expect(
            try JSONParser.parse(Array(text.utf8))
                == .object([
                    "a": .array([.number("1"), .number("-2.5e+3"), .bool(true), .bool(false), .null]),
                    "b\n": .object(["c": .string("é😀/")]),
                ]))
    }

    @Test(
        arguments: [
            ("{\n  \"a\": 1,\n}", "line 3, column 1: expected a name in double quotes"),
            ("{\"a\" 1}", "line 1, column 6: expected : after the name"),
            ("{\"a\": 1 \"b\": 2}", "line 1, column 9: expected , or }"),
            ("[1 2]", "line 1, column 4: expected , or ]"), ("[1,]", "line 1, column 4: expected a value"),
            ("{'a': 1}", "line 1, column 2: expected a name in double quotes"),
            ("", "line 1, column 1: the file ends where a value is expected"),
            ("{\"a\": \"x", "line 1, column 9: the file ends inside a text"),
            ("{\"a\": \"x\ny\"}", "line 1, column 9: a control character or line end inside a text"),
            ("{} x", "line 1, column 4: expected the end of the file"), ("tru", "line 1, column 1: expected a value"),
            ("01", "line 1, column 2: expected the end of the file"), ("1.", "line 1, column 3: expected a digit"),
            ("\"\\x\"", "line 1, column 3: unknown escape"),
            ("\"\\u12g4\"", "line 1, column 4: expected four hex digits"), ("-", "line 1, column 2: expected a digit"),
        ])
    func aMistakeIsToldWithItsPlace(_ text: String, _ expected: String) {
        let error = #expect(throws: JSONError.self) { try JSONParser.parse(Array(text.utf8)) }
        #expect(error?.description == expected)
    }

    @Test func aByteOrderMarkIsPassedOver() throws {
        #expect(try JSONParser.parse([0xef, 0xbb, 0xbf] + Array("1".utf8)) == .number("1"))
    }

    @Test func deepNestingIsRefusedAndNotFollowed() {
        let bytes = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: JSONError.self) { try JSONParser.parse(bytes) }
    }

    @Test func moreValuesThanThereMayBeAreNotKept() throws {
        let bytes = Array("{\"a\": [0, 0], \"b\": \"\"}".utf8)
        #expect(try JSONParser.parse(bytes, valueLimit: 5).member("b") == .string(""))
        let error = #expect(throws: JSONError.self) { try JSONParser.parse(bytes, valueLimit: 4) }
        #expect(error?.message == "more than 4 values")
    }

    @Test func textThatIsNotUTF8IsRefused() {
        #expect(throws: JSONError.self) { try JSONParser.parse([0x22, 0xff, 0x22]) }
    }

    @Test func aLoneSurrogateIsReplaced() throws {
        #expect(try JSONParser.parse(Array("\"\\ud800x\\udc00\"".utf8)) == .string("\u{fffd}x\u{fffd}"))
    }
}
