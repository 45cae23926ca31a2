import Testing

@testable import Control

@Suite("Secrets in a log")
struct SecretMaskTests {
    @Test("are hidden, the longest first and each line of those that have several")
    func hides() {
        let mask = SecretMask([
            "DATABASE_PASSWORD": "hunter2hunter2", "DATABASE_URL": "postgresql://r:hunter2hunter2@h/d",
            "KEY": "-----BEGIN\nabcdefghij\n", "MODE": "prod", "XHOST_SHA": String(repeating: "a", count: 40),
        ])
        #expect(mask.hide("url postgresql://r:hunter2hunter2@h/d") == "url [hidden]")
        #expect(mask.hide("pw=hunter2hunter2!") == "pw=[hidden]!")
        #expect(mask.hide("abcdefghij") == "[hidden]")
        #expect(mask.hide("mode prod") == "mode prod")
        #expect(mask.hide(String(repeating: "a", count: 40)) == String(repeating: "a", count: 40))
    }

    @Test("are hidden line by line whatever the line ends are")
    func lineEnds() {
        for end in ["\n", "\r\n", "\r", "\u{2028}"] {
            let mask = SecretMask(["KEY": ["first-line", "second-line"].joined(separator: end)])
            #expect(mask.hide("a first-line b") == "a [hidden] b")
            #expect(mask.hide("second-line") == "[hidden]")
        }
    }

    @Test("are known by their beginning when a line is cut within them")
    func cut() {
        let secret = (0..<3000).map { String($0) }.joined()
        let mask = SecretMask(["BIG": secret])
        #expect(mask.hide("x=\(secret.prefix(8190)) … (line cut)") == "x=[hidden] … (line cut)")
        #expect(mask.hide("x=\(secret)y") == "x=[hidden]y")
    }

    @Test("are compared byte by byte, also next to characters that combine")
    func combining() {
        let mask = SecretMask(["KEY": "swordfish!"])
        #expect(mask.hide("swordfish!\u{301}") == "[hidden]\u{301}")
        #expect(mask.hide("\u{e9}swordfish!") == "\u{e9}[hidden]")
    }

    @Test("are hidden as the log shows them when they hold control characters")
    func control() {
        let secret = "abc\u{7}defghi"
        #expect(SecretMask(["KEY": secret]).hide(LogText.harmless("=\(secret)=")) == "=[hidden]=")
    }
}
