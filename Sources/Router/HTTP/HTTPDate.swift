#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// IMF-fixdate (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    static func string(seconds: Int) -> String {
        guard let parts = parts(seconds) else { return "Thu, 01 Jan 1970 00:00:00 GMT" }
        let day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][Int(parts.tm_wday) % 7]
        return "\(day), \(two(parts.tm_mday)) \(month(parts)) \(Int(parts.tm_year) + 1900) \(clock(parts)) GMT"
    }

    /// As logs have it: `06/Nov/1994:08:49:37 +0000`.
    static func logString(seconds: Int) -> String {
        guard let parts = parts(seconds) else { return "01/Jan/1970:00:00:00 +0000" }
        return "\(two(parts.tm_mday))/\(month(parts))/\(Int(parts.tm_year) + 1900):\(clock(parts)) +0000"
    }

    /// A number that grows with the date; `nil` for what is not written as `string` writes it.
    static func rank(_ text: UnsafeRawBufferPointer) -> Int? {
        guard text.count == 29, text[25...].elementsEqual(" GMT".utf8),
            let month = months.firstIndex(where: { text[8..<11].elementsEqual($0.utf8) })
        else { return nil }
        var rank = 0
        for (digits, unit) in [(12..<16, 1), (5..<7, 12 * 32), (17..<19, 24), (20..<22, 60), (23..<25, 60)] {
            var number = 0
            for byte in text[digits] {
                guard ByteClass.isDigit(byte) else { return nil }
                number = number * 10 + Int(byte &- 0x30)
            }
            rank = rank * unit + number + (unit == 12 * 32 ? month * 32 : 0)
        }
        return rank
    }

    private static func parts(_ seconds: Int) -> tm? {
        var time = time_t(seconds)
        var parts = tm()
        return gmtime_r(&time, &parts) == nil ? nil : parts
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func month(_ parts: tm) -> String { months[Int(parts.tm_mon) % 12] }

    private static func clock(_ parts: tm) -> String {
        "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// The `Date` line with its line end, made once a second.
struct DateField {
    private(set) var second = 0
    private(set) var bytes: [UInt8] = []

    mutating func refresh() {
        let now = time(nil)
        if now != second || bytes.isEmpty {
            second = now
            bytes = Array("Date: \(HTTPDate.string(seconds: now))\r\n".utf8)
        }
    }
}
