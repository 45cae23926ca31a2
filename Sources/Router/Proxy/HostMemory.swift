/// The last Host header of a connection and what it means: the requests of one connection mostly go to one host.
struct HostMemory {
    private var raw: [UInt8] = []
    private var host: HostName?
    private var site: PublishedSite?
    private var version = -1

    var last: HostName? { host }

    /// Throws `.malformedHost`.
    mutating func host(_ value: UnsafeRawBufferPointer) throws(HeadFault) -> HostName {
        if let host, !raw.isEmpty, isLast(value) { return host }
        let name = try HostName(value)
        raw = Array(value)
        host = name
        site = nil
        return name
    }

    /// The site that the last host led to, when the routes are the same ones still.
    func site(_ value: UnsafeRawBufferPointer, version: Int) -> PublishedSite? {
        guard let site, self.version == version, isLast(value) else { return nil }
        return site
    }

    /// - Parameter version: of the routes before they were asked.
    mutating func keep(_ site: PublishedSite, version: Int) {
        self.site = site
        self.version = version
    }

    private func isLast(_ value: UnsafeRawBufferPointer) -> Bool { value.isSame(as: raw) }
}
