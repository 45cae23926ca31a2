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
}
