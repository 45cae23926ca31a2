import Core
import Testing

@Suite struct LineCutTests {
    @Test func `a line's marks are told from its text`() {
        let cases: [(line: String, start: String, text: String, end: String)] = [
            ("text", "", "text", ""), ("", "", "", ""), ("(in brackets)", "", "(in brackets)", ""),
            ("  indented", "", "  indented", ""), ("an ellipsis … in it", "", "an ellipsis … in it", ""),
            ("a\(LineCut.dropped)", "", "a", LineCut.dropped), ("a\(LineCut.goesOn)", "", "a", LineCut.goesOn),
            (LineCut.unended, "", "", LineCut.unended), ("\(LineCut.continued)b", LineCut.continued, "b", ""),
            ("  \(LineCut.continued)b\(LineCut.goesOn)", "  \(LineCut.continued)", "b", LineCut.goesOn),
            ("\(LineCut.continued)\(LineCut.continued)b", "\(LineCut.continued)\(LineCut.continued)", "b", ""),
            ("ä\(LineCut.dropped)", "", "ä", LineCut.dropped),
        ]
        for (line, start, text, end) in cases {
            let parts = LineCut.parts(of: line)
            #expect(parts.start == start && parts.text == text && parts.end == end, "\(line)")
        }
    }

    @Test func `a line is cut between characters`() {
        for (limit, text) in [(4, "abcd"), (5, "abcd"), (6, "abcdä"), (8, "abcdä"), (9, "abcdä€"), (12, "abcdä€")] {
            var splitter = LineSplitter(limit: limit)
            #expect(splitter.append("abcdä€🚢\n".utf8) == [text + LineCut.dropped], "\(limit)")
        }
        var splitter = LineSplitter(limit: 13)
        #expect(splitter.append("abcdä€🚢\n".utf8) == ["abcdä€🚢"])
        // What is not UTF-8 is cut anywhere.
        splitter = LineSplitter(limit: 5)
        #expect(
            splitter.append([UInt8](repeating: 0x80, count: 9) + [0x0a])
                == [String(repeating: "\u{fffd}", count: 5) + LineCut.dropped])
    }

    @Test func `a last line says that it was cut when its writer was ended`() {
        var splitter = LineSplitter()
        #expect(splitter.end(isCut: true) == [])
        #expect(splitter.append("whole\npart".utf8) == ["whole"])
        #expect(splitter.end(isCut: true) == ["part\(LineCut.dropped)"])
        #expect(splitter.append("next".utf8) == [])
        #expect(splitter.end() == ["next"])
    }
}
