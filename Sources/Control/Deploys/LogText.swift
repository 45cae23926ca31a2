/// Makes text from strangers harmless to terminals and readers of a log: escape sequences are removed, other control
/// characters but tab are replaced.
enum LogText {
    static func harmless(_ line: String) -> String {
        // Nearly every line is plain ASCII, which needs no decoding.
        if line.utf8.allSatisfy({ (0x20..<0x7f).contains($0) || $0 == 0x09 }) { return line }
        guard line.unicodeScalars.contains(where: isUnsafe) else { return line }
        var result = String.UnicodeScalarView()
        var scalars = line.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            if scalar == "\u{1b}" {
                skipEscapeSequence(&scalars)
            } else if scalar == "\r" || scalar == "\n" {
                result.append(" ")
            } else {
                result.append(isUnsafe(scalar) ? "\u{fffd}" : scalar)
            }
        }
        return String(result)
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09: false
        // C0, DEL, C1, and the marks that turn the direction of the text that follows.
        case 0...0x1f, 0x7f...0x9f, 0x200e...0x200f, 0x202a...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    /// ECMA-48: CSI ends at a byte from 0x40 to 0x7e; OSC and the other strings end at BEL or ESC backslash.
    private static func skipEscapeSequence(_ scalars: inout Substring.UnicodeScalarView) {
        guard let introducer = scalars.popFirst() else { return }
        switch introducer {
        case "[":
            while let scalar = scalars.popFirst() { if (0x40...0x7e).contains(scalar.value) { return } }
        case "]", "P", "X", "^", "_":
            while let scalar = scalars.popFirst() {
                if scalar == "\u{07}" { return }
                if scalar == "\u{1b}" {
                    scalars = scalars.first == "\\" ? scalars.dropFirst() : scalars
                    return
                }
            }
        case "(", ")", "*", "+", "#", "%", " ": scalars = scalars.dropFirst()
        default: return
        }
    }
}
