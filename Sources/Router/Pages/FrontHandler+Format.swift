import NIOCore

/// How pages are written for the client at hand.
extension FrontHandler {
    /// For the request whose head is at the front of `pending`.
    func format(_ head: RequestHead) -> PageFormat { pending.withUnsafeReadableBytes { format(head, $0) } }

    /// For a request that is on its way to an upstream, as long as its head is kept.
    func format(_ exchange: Exchange) -> PageFormat {
        var parser = RequestHeadParser(limits: .init(fields: .max, trustsForwarding: true))
        return exchange.head.withUnsafeReadableBytes { bytes in
            guard parser.advance(bytes) == .complete else { return .text }
            return format(parser.take(), bytes)
        }
    }

    private func format(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> PageFormat {
        if let host = head.host, isAPI(host.slice(bytes)) { return .envelope }
        return head.accept.map { PageFormat(accept: $0.slice(bytes)) } ?? .text
    }

    /// For a head that could not be read: whether it was for the API can be told from what there is of it.
    func unreadFormat() -> PageFormat {
        pending.withUnsafeReadableBytes { bytes in
            if let host = parser.head.host, host.range.upperBound <= bytes.count {
                return isAPI(host.slice(bytes)) ? .envelope : .text
            }
            guard let host = Self.hostLine(bytes) else { return .text }
            return isAPI(host) ? .envelope : .text
        }
    }

    /// The value of the first line that looks like a Host header.
    private static func hostLine(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let name: StaticString = "host:"
        var rest = bytes[...]
        while let end = rest.firstIndex(of: ByteClass.lineFeed) {
            rest = bytes[(end + 1)...]
            let line = UnsafeRawBufferPointer(rebasing: rest.prefix { $0 != ByteClass.lineFeed })
            guard line.count > name.utf8CodeUnitCount,
                UnsafeRawBufferPointer(rebasing: line[..<name.utf8CodeUnitCount]).equalsFolded(name)
            else { continue }
            var value = UnsafeRawBufferPointer(rebasing: line[name.utf8CodeUnitCount...])
            if value.last == ByteClass.carriageReturn { value = UnsafeRawBufferPointer(rebasing: value.dropLast()) }
            return UnsafeRawBufferPointer(rebasing: value[value.trimmingWhitespace(0..<value.count)])
        }
        return nil
    }

    private func isAPI(_ host: UnsafeRawBufferPointer) -> Bool {
        guard let name = try? HostName(host) else { return false }
        return name.name == worker.apiHost
    }
}
