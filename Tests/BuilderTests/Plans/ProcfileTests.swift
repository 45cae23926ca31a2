import Testing

@testable import Builder

struct ProcfileTests {
    @Test func aLineIsATypeAndAShellLine() {
        let text =
            "web: gunicorn app:app -b 0.0.0.0:$PORT\r\n# comment: x\n\nrelease :\t./migrate  \nno colon\nempty:\n: x\n"
        #expect(
            Procfile(Array(text.utf8)).processes == [
                "web": "gunicorn app:app -b 0.0.0.0:$PORT", "release": "./migrate",
            ])
    }
}
