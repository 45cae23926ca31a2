import NIOCore

/// The access log's view of a request.
extension FrontHandler {
    /// The head at the front of `pending` was read.
    /// - Parameter known: the same head when it came before.
    func beginLine(_ head: RequestHead, _ known: HeadMemo.Entry? = nil) {
        endLine()
        let logged = known?.logged ?? loggedHead(head)
        known?.logged = logged
        let version: StaticString = stream == nil ? (head.isOld ? "HTTP/1.0" : "HTTP/1.1") : "HTTP/2.0"
        let given = head.requestID.map { span in pending.withUnsafeReadableBytes { span.string($0) } }
        line = AccessLine(
            logged, address: forwarding.address, date: worker.logDate(), version: version, handed: handed,
            made: given == nil ? worker.nextRequestID() : nil, given: given ?? "")
    }

    private func loggedHead(_ head: RequestHead) -> LoggedHead {
        pending.withUnsafeReadableBytes { bytes in
            LoggedHead(
                request: [head.methodText.slice(bytes), head.target.slice(bytes)],
                referer: field("referer", head, bytes), userAgent: field("user-agent", head, bytes),
                host: head.host?.slice(bytes))
        }
    }

    /// A request that is refused: whatever its first line is.
    func beginRefusedLine() {
        endLine()
        let logged = pending.withUnsafeReadableBytes { bytes in
            let end = bytes.prefix(1024).firstIndex { $0 == ByteClass.carriageReturn || $0 == ByteClass.lineFeed }
            return LoggedHead(
                request: [UnsafeRawBufferPointer(rebasing: bytes[..<(end ?? min(bytes.count, 1024))])], isWhole: true,
                referer: nil, userAgent: nil, host: parser.head.host?.slice(bytes))
        }
        line = AccessLine(
            logged, address: forwarding.address, date: worker.logDate(), version: "", handed: handed,
            made: worker.nextRequestID())
    }

    func endLine() {
        guard let line else { return }
        self.line = nil
        worker.record(line, handed: handed)
    }

    private func field(
        _ name: StaticString, _ head: RequestHead, _ bytes: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        FieldLine.value(name, in: head.fields.range, of: bytes)
    }
}
