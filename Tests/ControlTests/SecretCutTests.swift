import Core
import Foundation
import Testing

@testable import Control

/// Values that a cut of a line goes through.
@Suite struct SecretCutTests {
    /// 20 bytes.
    private let secret = "Q7wE-9rT_2yU.4iO~6pA"
    private var mask: SecretMask { SecretMask(["KEY": secret]) }

    /// Whether `line` shows so many characters of `text` in a row.
    private func shows(_ text: String, in line: String, atLeast count: Int = 4, every step: Int = 1) -> Bool {
        let characters = Array(text)
        return stride(from: 0, through: characters.count - count, by: step).contains {
            line.contains(String(characters[$0..<($0 + count)]))
        }
    }

    @Test func `a value is hidden on both sides of a cut, wherever that goes through it and however it is spelled`() {
        let base64 = Data(secret.utf8).base64EncodedString().replacingOccurrences(of: "=", with: "")
        let digits = secret.utf8.map { String($0 >> 4, radix: 16) + String($0 & 0xf, radix: 16) }.joined()
        for spelling in [secret, base64, digits] {
            #expect(shows(spelling, in: spelling))
            for cut in 1..<spelling.utf8.count {
                for end in [LineCut.dropped, LineCut.goesOn, LineCut.unended] {
                    let shown = mask.shown("key=\(spelling.prefix(cut))\(end)")
                    #expect(!shows(spelling, in: shown) && shown.hasPrefix("key=") && shown.hasSuffix(end), "\(shown)")
                }
                let rest = mask.shown("\(LineCut.continued)\(spelling.dropFirst(cut))&more")
                #expect(!shows(spelling, in: rest), "\(rest)")
                #expect(rest.hasPrefix(LineCut.continued) && rest.hasSuffix("&more"), "\(rest)")
            }
        }
    }

    @Test func `a percent-encoded value is hidden on both sides of a cut, also one within an encoded byte`() {
        let secret = "p@ss w/rd&=+?#[]{}!~"
        let mask = SecretMask(["KEY": secret])
        let encoded = secret.utf8.map { "%" + String($0, radix: 16, uppercase: true) }.joined()
        #expect(encoded.utf8.count == 60)
        for cut in 1..<60 {
            let shown = mask.shown("?key=\(encoded.prefix(cut))\(LineCut.goesOn)")
            let rest = mask.shown("\(LineCut.continued)\(encoded.dropFirst(cut))&more")
            for line in [shown, rest] { #expect(!shows(encoded, in: line, atLeast: 12, every: 3), "\(line)") }
            #expect(shown.hasPrefix("?key=") && rest.hasSuffix("&more"), "\(shown) \(rest)")
        }
    }

    @Test func `a value that a build prints where its line is cut is hidden`() {
        for padding in LineSplitter.defaultLimit - 24...LineSplitter.defaultLimit {
            var splitter = LineSplitter()
            let lines = splitter.append("\(String(repeating: "x", count: padding))\(secret) and more\n".utf8)
            let shown = lines.map { mask.shown($0) }
            #expect(shown.count == 1 && !shown.contains { shows(secret, in: $0) }, "\(padding)")
            #expect(shown.allSatisfy { $0.hasSuffix(LineCut.dropped) })
        }
    }

    @Test func `a value that is longer than a line is hidden in each of its lines`() {
        let secret = (0..<3000).map { String($0) }.joined()
        let mask = SecretMask(["BIG": secret])
        let middle = secret.dropFirst(4000)
        #expect(mask.shown("a=\(secret.prefix(4000))\(LineCut.goesOn)") == "a=[hidden]\(LineCut.goesOn)")
        #expect(
            mask.shown("\(LineCut.continued)\(middle.prefix(4000))\(LineCut.goesOn)")
                == "\(LineCut.continued)[hidden]\(LineCut.goesOn)")
        #expect(mask.shown("\(LineCut.continued)\(middle.dropFirst(4000))!") == "\(LineCut.continued)[hidden]!")
    }

    @Test func `a whole line keeps what a value happens to begin or to end with`() {
        let mask = SecretMask(["DATABASE_URL": "postgresql://r:hunter2hunter2@h/main"])
        for line in ["waiting for postgres", "main loop", "main", "postgres …", "(postgres)", "  main"] {
            #expect(mask.shown(line) == line)
        }
        #expect(mask.shown("waiting for postgres\(LineCut.goesOn)") == "waiting for [hidden]\(LineCut.goesOn)")
        #expect(mask.shown("  \(LineCut.continued)main loop") == "  \(LineCut.continued)[hidden] loop")
        // Too little of a value to be known.
        #expect(mask.shown("see pos\(LineCut.goesOn)") == "see pos\(LineCut.goesOn)")
    }

    @Test func `an escape sequence that was begun does not swallow the mark of a cut`() {
        #expect(mask.shown("\(secret.prefix(9))\u{1b}]0;title\(LineCut.goesOn)") == "[hidden]\(LineCut.goesOn)")
    }

    @Test func `values of several sets of variables are hidden, and both of two spellings that Unicode holds equal`() {
        let mask = SecretMask([["A": "caf\u{e9} secret"], ["A": "cafe\u{301} secret"], [:]])
        #expect(mask.shown("caf\u{e9} secret, cafe\u{301} secret") == "[hidden], [hidden]")
    }
}
