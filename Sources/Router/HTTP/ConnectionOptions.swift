/// What `Connection` lines say (RFC 9110 section 7.6.1).
struct ConnectionOptions: OptionSet, Sendable {
    let rawValue: UInt8

    static let close = ConnectionOptions(rawValue: 1)
    static let keepAlive = ConnectionOptions(rawValue: 2)
    static let upgrade = ConnectionOptions(rawValue: 4)
    /// Other headers are named, which are then not to be passed on.
    static let names = ConnectionOptions(rawValue: 8)

    /// Adds the options of one line's value. Throws `.protectedFieldInConnection` when it names a field that frames or
    /// routes the message: to drop that would change what the message is.
    mutating func add(_ value: UnsafeRawBufferPointer) throws(HeadFault) {
        var isProtected = false
        Self.forEachElement(value) { element in
            if element.equalsFolded("close") {
                insert(.close)
            } else if element.equalsFolded("keep-alive") {
                insert(.keepAlive)
            } else if element.equalsFolded("upgrade") {
                insert(.upgrade)
            } else {
                switch FieldName.classify(element) {
                case .host, .contentLength, .transferEncoding: isProtected = true
                case .hopByHop: break
                default: insert(.names)
                }
            }
        }
        if isProtected { throw .protectedFieldInConnection }
    }

    /// Calls `body` with each element of a comma-separated list that is not empty.
    @inline(__always)
    static func forEachElement(_ list: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        while start < list.count {
            var end = start
            while end < list.count, list[end] != ByteClass.comma { end += 1 }
            let element = list.trimmingWhitespace(start..<end)
            if !element.isEmpty { body(UnsafeRawBufferPointer(rebasing: list[element])) }
            start = end + 1
        }
    }

    /// The lines of a head that its own `Connection` lines name, line ends included, in order. For the rare message that
    /// names any. `fields` is the range of the head that holds the field lines.
    static func namedLines(_ bytes: UnsafeRawBufferPointer, fields: Range<Int>) throws(HeadFault) -> [ByteSpan] {
        var lines: [(whole: ByteSpan, field: FieldLine)] = []
        var named: [UnsafeRawBufferPointer] = []
        var start = fields.lowerBound
        while start < fields.upperBound {
            var end = start
            while end < fields.upperBound, bytes[end] != ByteClass.carriageReturn { end += 1 }
            guard end > start else { break }
            let field = try FieldLine.split(bytes, start..<end)
            lines.append((ByteSpan(start..<min(end + 2, fields.upperBound)), field))
            if FieldName.classify(field.name.slice(bytes)) == .connection {
                forEachElement(field.value.slice(bytes)) { named.append($0) }
            }
            start = end + 2
        }
        return lines.filter { line in named.contains { $0.equalsFolded(line.field.name.slice(bytes)) } }.map(\.whole)
    }
}
