import Foundation
import Testing

@testable import API

@Suite("Reading JSON")
struct JSONReaderTests {
    private func read(_ text: String) -> String? { try? JSONReader.parse(Array(text.utf8)).text }

    @Test(
        "takes what the standard takes",
        arguments: [
            (" {} ", "{}"), ("[1,-0,2.5,1e2]", "[1,0,2.5,100.0]"), (#"{"a":{"b":[null,true,false]}}"#, nil),
            (#""\u00e9\n\"\/\\""#, #""é\n\"/\\""#), (#""\ud83d\ude00""#, "\"😀\""), (#"{"":""}"#, nil),
            ("9223372036854775807", nil), (#"{"a":1,"a":2}"#, nil),
        ] as [(String, String?)])
    func takes(text: String, shown: String?) { #expect(read(text) == shown ?? text) }

    @Test(
        "refuses everything else",
        arguments: [
            "", " ", "{", "}", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "01", "-", "1.", ".5", "1e", "+1",
            "nul", "True", "NaN", "Infinity", "'a'", "\"a", "\"\\x\"", "\"\\ud800\"", "\"\\ude00\"",
            "\"\\ud800\\u0041\"", "\"\t\"", "\"\\u12\"", "1 2", "{} {}", "[1 2]", "\u{feff}{}", "// c\n{}",
        ])
    func refuses(text: String) { #expect(read(text) == nil) }

    @Test("goes so deep and no deeper")
    func depth() {
        let depth = JSONReader.maximumDepth
        func nested(_ count: Int) -> String {
            String(repeating: "[", count: count) + String(repeating: "]", count: count)
        }
        #expect(read(nested(depth)) != nil)
        #expect(read(nested(depth + 1)) == nil)
        #expect(read(String(repeating: "{\"a\":", count: 100_000)) == nil)
    }
}
