/// Turns a stream of bytes into lines: splits at LF (a CR before it is dropped), cuts lines over `limit` bytes, and
/// replaces what is not UTF-8.
public struct LineSplitter: Sendable {
    public static let defaultLimit = 8192

    private let limit: Int
    private var partial: [UInt8] = []
    private var isSkipping = false

    public init(limit: Int = Self.defaultLimit) { self.limit = limit }

    /// The lines that `bytes` completes.
    public mutating func append(_ bytes: some Sequence<UInt8>) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines += finish()
            } else if isSkipping {
                continue
            } else if partial.count == limit {
                isSkipping = true
            } else {
                partial.append(byte)
            }
        }
        return lines
    }

    /// The last line, when it had no line end. Empty when there is nothing left.
    public mutating func end() -> [String] { partial.isEmpty && !isSkipping ? [] : finish() }

    private mutating func finish() -> [String] {
        if partial.last == UInt8(ascii: "\r") { partial.removeLast() }
        let line = String(decoding: partial, as: UTF8.self) + (isSkipping ? " … (line cut)" : "")
        partial.removeAll(keepingCapacity: true)
        isSkipping = false
        return [line]
    }
}
