/// The last Host header of a connection and what it means: the requests of one connection mostly go to one host.
struct HostMemory {
    private var raw: [UInt8] = []
    private var host: HostName?

    var last: HostName? { host }

    /// Throws `.malformedHost`.
    mutating func host(_ value: UnsafeRawBufferPointer) throws(HeadFault) -> HostName {
        if let host, raw.count == value.count, raw.elementsEqual(value) { return host }
        let name = try HostName(value)
        raw = Array(value)
        host = name
        return name
    }
}
