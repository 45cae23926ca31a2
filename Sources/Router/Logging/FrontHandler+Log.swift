import NIOCore

/// The access log's view of a request.
extension FrontHandler {
    /// The head at the front of `pending` was read.
    func beginLine(_ head: RequestHead) {
        endLine()
        line = pending.withUnsafeReadableBytes { bytes in
            let version = stream == nil ? (head.isOld ? "HTTP/1.0" : "HTTP/1.1") : "HTTP/2.0"
            let given = head.requestID.map { $0.string(bytes) }
            return Array(version.utf8).withUnsafeBytes { version in
                AccessLine(
                    address: forwarding.address, date: worker.logDate(),
                    request: [head.methodText.slice(bytes), head.target.slice(bytes), version],
                    referer: field("referer", head, bytes), userAgent: field("user-agent", head, bytes),
                    host: head.host?.slice(bytes), handed: handed,
                    made: given == nil ? worker.nextRequestID() : nil, given: given ?? "")
            }
        }
    }

    /// A request that is refused: whatever its first line is.
    func beginRefusedLine() {
        endLine()
        line = pending.withUnsafeReadableBytes { bytes in
            let end = bytes.prefix(1024).firstIndex { $0 == ByteClass.carriageReturn || $0 == ByteClass.lineFeed }
            return AccessLine(
                address: forwarding.address, date: worker.logDate(),
                request: [UnsafeRawBufferPointer(rebasing: bytes[..<(end ?? min(bytes.count, 1024))])], referer: nil,
                userAgent: nil, host: parser.head.host?.slice(bytes), handed: handed,
                made: worker.nextRequestID())
        }
    }

    func endLine() {
        guard let line else { return }
        self.line = nil
        worker.record(line.finish(handed: handed))
    }

    private func field(
        _ name: StaticString, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        FieldLine.value(name, in: head.fields.range, of: bytes)
    }
}
