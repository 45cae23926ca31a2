import Testing

@testable import Control

@Suite("Log text")
struct LogTextTests {
    @Test(
        "loses what would steer a terminal",
        arguments: [
            ("plain ünï", "plain ünï"), ("a\tb", "a\tb"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]8;;http://evil\u{07}link\u{1b}]8;;\u{07}", "link"),
            ("\u{1b}]52;c;aGk=\u{1b}\\x", "x"),
            ("50%\rremote: fake", "50% remote: fake"),
            ("nul\0bell\u{07}", "nul\u{fffd}bell\u{fffd}"),
            ("\u{9b}31mc1", "\u{fffd}31mc1"), ("\u{202e}gnp", "\u{fffd}gnp"),
            ("cut \u{1b}[31", "cut "), ("\u{1b}", ""),
        ])
    func harmless(raw: String, safe: String) {
        #expect(LogText.harmless(raw) == safe)
    }
}
