import Git

/// The command `object-info` of protocol 2 (gitprotocol-v2(5), "object-info"): sizes of objects.
struct ObjectInfoRequest: Sendable, Equatable {
    private(set) var wantsSize = false
    private(set) var ids: [ObjectID] = []

    /// Takes an argument of the command.
    mutating func take(_ line: String, limits: FetchLimits) throws(ProtocolError) {
        if line == "size" {
            wantsSize = true
        } else if let text = line.value(after: "oid ") {
            guard ids.count < limits.wants else {
                throw ProtocolError("object-info: more than \(limits.wants) objects asked for at once; ask for fewer")
            }
            guard let id = ObjectID(text) else {
                throw ProtocolError(
                    "object-info: protocol error, expected to get oid, not '\(ShownText.of(text, limit: 100))'")
            }
            ids.append(id)
        } else {
            throw ProtocolError("object-info: unexpected line: '\(ShownText.of(line, limit: 200))'")
        }
    }

    /// - Parameter size: an object's bytes, `nil` when it is not there.
    func response(size: (ObjectID) throws(GitError) -> Int?) throws(GitError) -> [UInt8] {
        var bytes: [UInt8] = []
        guard !ids.isEmpty else { return PktLine.flush }
        if wantsSize { PktLine.append(Array("size".utf8), to: &bytes) }
        for id in ids {
            let suffix = wantsSize ? " " + (try size(id).map(String.init) ?? "") : ""
            PktLine.append(Array("\(id)\(suffix)".utf8), to: &bytes)
        }
        return bytes + PktLine.flush
    }
}
