import Core
import Testing

@testable import Runner

/// How entries become lines, where something is cut, left out or never ends.
@Suite struct LogEntryTests {
    private let secret = "Q7wE-9rT_2yU.4iO~6pA"

    @Test func `a line that is cut says so on both sides, wherever conmon's entries were cut`() {
        let padding = String(repeating: "x", count: 8180)
        for entries in [
            "t stdout P \(padding)\(secret.prefix(12))\nt stdout F \(secret.dropFirst(12)) after\n",
            "t stdout P \(padding)\(secret.prefix(3))\nt stderr F other\nt stdout F \(secret.dropFirst(3)) after\n",
        ] {
            var parser = ContainerLog.EntryParser()
            let lines = parser.append(entries.utf8).filter { $0 != "other" }
            #expect(
                lines == [
                    "\(padding)\(secret.prefix(12))\(LineCut.goesOn)",
                    "\(LineCut.continued)\(secret.dropFirst(12)) after",
                ])
        }
    }

    @Test func `a character that is written in two pieces comes whole`() {
        let bytes = Array("zw\u{f6}lf".utf8)
        var parser = ContainerLog.EntryParser()
        for cut in 1..<bytes.count {
            var lines = parser.append("t stdout P ".utf8)
            lines += parser.append(bytes[..<cut])
            lines += parser.append("\nt stdout F ".utf8)
            lines += parser.append(bytes[cut...])
            lines += parser.append("\n".utf8)
            #expect(lines == ["zw\u{f6}lf"], "\(cut)")
        }
    }

    @Test func `what a process leaves of a line is not taken for the beginning of the next one's`() {
        var parser = ContainerLog.EntryParser()
        let lines = parser.append(
            "t stdout P \(secret.prefix(9))\nt stderr P why\nt berth F berth: it ended\nt stdout F up\n".utf8)
        #expect(
            lines == ["why\(LineCut.unended)", "\(secret.prefix(9))\(LineCut.unended)", "berth: it ended", "up"])
        #expect(parser.end().isEmpty)
    }

    @Test func `lines whose beginning is not known are left out, or say so`() {
        func lines(_ entries: String) -> [String] {
            var parser = ContainerLog.EntryParser(beginsWithin: true)
            return parser.append(entries.utf8)
        }
        // The first one may be the end of a line, and what the other stream had begun may go on later.
        #expect(
            lines("t stdout F rest\nt stdout F one\nt stderr F two\nt stderr F three\n")
                == ["one", "\(LineCut.continued)two", "three"])
        #expect(
            lines("t stdout P middle \nt stdout F end\nt stdout F one\n")
                == ["\(LineCut.continued)middle end", "one"])
        #expect(
            lines("t berth F berth: it ended\nt stdout F one\nt stderr F two\n")
                == ["berth: it ended", "one", "two"])
    }

    @Test func `a line that is begun in a full file says in the next one that it was`() {
        var parser = ContainerLog.EntryParser()
        #expect(parser.append("t stderr F one\nt stdout P \(secret.prefix(9))\n".utf8) == ["one"])
        parser = parser.next()
        #expect(
            parser.append("t stdout F \(secret.dropFirst(9))\nt stderr F two\nt stdout F three\n".utf8)
                == ["\(LineCut.continued)\(secret.dropFirst(9))", "two", "three"])
    }
}
