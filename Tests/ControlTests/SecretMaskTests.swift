import Foundation
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

    @Test("that are many and all alike hide more than they are, so that no line takes long")
    func many() {
        let mask = SecretMask(["KEY": (0..<1000).map { "aaaaaaaaaaaa\($0)" }.joined(separator: "\n")])
        #expect(mask.hide("k=aaaaaaaaaaaa17 b") == "k=[hidden] b")
        let shown = mask.hide("x " + String(repeating: "a", count: 4000))
        #expect(shown.hasPrefix("x aaa") && shown.hasSuffix("a[hidden]") && shown.utf8.count < 1000)
        let rest = SecretMask(["KEY": String(repeating: "b", count: 60_000) + "c"])
        let line = String(repeating: "b", count: 60) + "d"
        #expect(rest.hide(line, isContinued: true) == "[hidden]")
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

    @Test("are hidden in base64 wherever they stand in what is encoded, in both alphabets")
    func base64() {
        let secret = "s3cret?~>value~?"
        let mask = SecretMask(["KEY": secret])
        for before in ["", "u", "us", "user:"] {
            for after in ["", "!", "!!"] {
                let text = Data((before + secret + after).utf8).base64EncodedString()
                let urlSafe = text.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
                for spelling in [text, urlSafe, urlSafe.replacingOccurrences(of: "=", with: "")] {
                    let shown = mask.hide("Basic \(spelling)")
                    #expect(shown.hasPrefix("Basic ") && shown.contains("[hidden]"), "\(spelling)")
                    // What is left are the parts of groups that what is beside the secret has a share in.
                    #expect(shown.utf8.count <= "Basic [hidden]".utf8.count + 12, "\(shown)")
                }
            }
        }
    }

    @Test("are hidden in base64 that is broken into lines, in each of them")
    func wrappedBase64() {
        let secret = (0..<60).map { "\($0)-" }.joined()
        let mask = SecretMask(["KEY": secret])
        let text = Data(secret.utf8).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
        let lines = text.split(separator: "\n")
        #expect(lines.count > 2)
        for line in lines { #expect(mask.hide(String(line)).replacingOccurrences(of: "=", with: "") == "[hidden]") }
    }

    @Test("are hidden percent-encoded, whichever characters an encoder leaves as they are")
    func percentEncoded() {
        let mask = SecretMask(["KEY": "p@ss wörd/&=+"])
        for text in [
            "p%40ss%20w%C3%B6rd%2F%26%3D%2B", "p%40ss+w%c3%b6rd%2f%26%3d%2b", "p@ss%20w%C3%B6rd/&=+",
            "%70%40%73%73%20%77%C3%B6%72%64%2F%26%3D%2B",
        ] {
            #expect(mask.hide("https://u:\(text)@h/") == "https://u:[hidden]@h/", "\(text)")
        }
        #expect(mask.hide("p%40ss%2") == "p%40ss%2")
        #expect(SecretMask(["KEY": "50%25 is half"]).hide("=50%25 is half=") == "=[hidden]=")
    }

    @Test("are hidden in hexadecimal digits")
    func hexadecimal() {
        let mask = SecretMask(["KEY": "swordfish"])
        #expect(mask.hide("73776f726466697368 73776F726466697368") == "[hidden] [hidden]")
    }

    @Test("of several lines are hidden where the whole is encoded")
    func severalLines() {
        let secret = "first line of it\nsecond line of it\n"
        let mask = SecretMask(["KEY": secret])
        #expect(mask.hide(Data(secret.utf8).base64EncodedString()).hasPrefix("[hidden]"))
        #expect(mask.hide("first%20line%20of%20it%0Asecond%20line%20of%20it%0A") == "[hidden]%0A[hidden]%0A")
    }
}
