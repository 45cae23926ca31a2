/// How a line says that it is only a part of one. Whoever looks for something in lines knows by it that the thing may have
/// been cut in two.
public enum LineCut {
    /// Ends a line whose rest was dropped.
    public static let dropped = " … (line cut)"
    /// Ends a line whose rest is in another one.
    public static let goesOn = " … (line goes on)"
    /// Ends a line that was not ended: it may yet go on.
    public static let unended = " … (no line end)"
    /// Begins a line whose beginning is in another one, or is not kept.
    public static let continued = "… "

    private static let ends = [dropped, goesOn, unended]

    /// A line without its marks, and those, empty where it has none. Spaces before the mark at the start are part of it.
    public static func parts(of line: String) -> (start: Substring, text: Substring, end: Substring) {
        let bytes = line.utf8
        var end = line.endIndex
        // Nearly every line has none.
        if bytes.last == UInt8(ascii: ")"),
            let mark = ends.first(where: { bytes.suffix($0.utf8.count).elementsEqual($0.utf8) })
        {
            end = bytes.index(end, offsetBy: -mark.utf8.count)
        }
        var start = line.startIndex
        var rest = bytes[..<end].drop { $0 == UInt8(ascii: " ") }
        while rest.starts(with: continued.utf8) {
            start = bytes.index(rest.startIndex, offsetBy: continued.utf8.count)
            rest = bytes[start..<end]
        }
        return (line[..<start], line[start..<end], line[end...])
    }

    /// How many of the bytes the first `limit` have room for without cutting a character in two. There are more bytes than
    /// that.
    public static func length(of bytes: [UInt8], limit: Int) -> Int {
        // In UTF-8 up to three bytes continue a character (RFC 3629 section 3).
        let earliest = max(0, limit - 3)
        var end = limit
        while end > earliest, isContinuing(bytes[end]) { end -= 1 }
        return isContinuing(bytes[end]) ? limit : end
    }

    private static func isContinuing(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }
}
