import Git

/// The answer to `info/refs`: what the server can do and which refs there are.
struct ReferenceAdvertisement {
    let agent: String

    /// For fetchers, protocol 0 and 1: HEAD first, then the refs by name, tags followed by what they come to.
    func uploadPack(_ snapshot: ReferenceSnapshot, version: GitProtocolVersion) -> [UInt8] {
        var words = [
            "multi_ack", "side-band", "side-band-64k", "ofs-delta", "shallow", "deepen-since", "deepen-not",
            "deepen-relative", "no-progress", "include-tag", "multi_ack_detailed", "allow-tip-sha1-in-want",
            "allow-reachable-sha1-in-want", "no-done",
        ]
        if let head = snapshot.head, snapshot.headID != nil { words.append("symref=HEAD:\(head)") }
        words += ["object-format=sha1", "agent=\(agent)"]
        var lines: [(id: ObjectID, name: String)] = []
        if let id = snapshot.headID { lines.append((id, "HEAD")) }
        for reference in snapshot.references {
            lines.append((reference.id, reference.name))
            if let peeled = reference.peeled { lines.append((peeled, reference.name + "^{}")) }
        }
        return advertise(.uploadPack, lines, capabilities: words, version: version)
    }

    /// For pushers: no HEAD, nothing peeled.
    func receivePack(_ references: [Reference], version: GitProtocolVersion) -> [UInt8] {
        let words = [
            "report-status", "report-status-v2", "delete-refs", "side-band-64k", "quiet", "atomic", "ofs-delta",
            "push-options", "object-format=sha1", "agent=\(agent)",
        ]
        // Receiving has no version 2; such clients are answered as if they had not asked for it.
        return advertise(
            .receivePack, references.map { ($0.id, $0.name) }, capabilities: words,
            version: version == .v1 ? .v1 : .v0)
    }

    /// For fetchers, protocol 2: capabilities only (gitprotocol-v2(5), "Capability Advertisement").
    func version2() -> [UInt8] {
        var bytes: [UInt8] = []
        appendService(.uploadPack, to: &bytes)
        for line in [
            "version 2", "agent=\(agent)", "ls-refs=unborn", "fetch=shallow wait-for-done", "server-option",
            "object-format=sha1",
        ] { PktLine.append(line: line, to: &bytes) }
        return bytes + PktLine.flush
    }

    private func advertise(
        _ service: Service, _ lines: [(id: ObjectID, name: String)], capabilities: [String], version: GitProtocolVersion
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512 + lines.reduce(0) { $0 + $1.name.utf8.count + 50 })
        appendService(service, to: &bytes)
        if version == .v1 { PktLine.append(line: "version 1", to: &bytes) }
        var tail = "\0" + capabilities.joined(separator: " ")
        if lines.isEmpty { PktLine.append(line: "\(ObjectID.zero) capabilities^{}\(tail)", to: &bytes) }
        for line in lines {
            PktLine.append(line: "\(line.id) \(line.name)\(tail)", to: &bytes)
            tail = ""
        }
        return bytes + PktLine.flush
    }

    private enum Service: String {
        case uploadPack = "git-upload-pack"
        case receivePack = "git-receive-pack"
    }

    private func appendService(_ service: Service, to bytes: inout [UInt8]) {
        PktLine.append(line: "# service=\(service.rawValue)", to: &bytes)
        bytes += PktLine.flush
    }
}
