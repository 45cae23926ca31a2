/// Turns a stream of bytes into lines: splits at LF (a CR before it is dropped), cuts lines over `limit` bytes, which say
/// so then (`LineCut`), and replaces what is not UTF-8.
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
                partial.append(byte)
                partial.removeSubrange(LineCut.length(of: partial, limit: limit)...)
            } else {
                partial.append(byte)
            }
        }
        return lines
    }

    /// The last line, when it had no line end. Empty when there is nothing left.
    /// - Parameter isCut: there may have been more of it: whoever wrote it was ended.
    public mutating func end(isCut: Bool = false) -> [String] {
        guard !partial.isEmpty || isSkipping else { return [] }
        isSkipping = isSkipping || isCut
        return finish()
    }

    private mutating func finish() -> [String] {
        if partial.last == UInt8(ascii: "\r") { partial.removeLast() }
        let line = String(decoding: partial, as: UTF8.self) + (isSkipping ? LineCut.dropped : "")
        partial.removeAll(keepingCapacity: true)
        isSkipping = false
        return [line]
    }
}
