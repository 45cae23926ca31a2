import Foundation

/// Reads a secret: a line from the terminal without showing it, or all of what is piped in.
enum SecretPrompt {
    static func read(_ prompt: String) throws -> String {
        let secret = isatty(STDIN_FILENO) == 1 ? readFromTerminal(prompt) : readFromPipe()
        guard let secret, !secret.isEmpty else { throw ClientError("\(prompt)nothing given") }
        return secret
    }

    private static func readFromTerminal(_ prompt: String) -> String? {
        FileHandle.standardError.write(Data(prompt.utf8))
        var saved = termios()
        tcgetattr(STDIN_FILENO, &saved)
        var quiet = saved
        quiet.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return readLine(strippingNewline: true)
    }

    /// Without its last line end.
    private static func readFromPipe() -> String? {
        let text = String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
