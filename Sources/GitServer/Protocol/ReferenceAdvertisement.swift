import Git

/// The answer to `info/refs`: what the server can do and which refs there are. Word for word that of git 2.39 with
/// `uploadpack.allowFilter`, `allowTipSHA1InWant`, `allowReachableSHA1InWant`, `receive.advertisePushOptions` and
/// `transfer.advertiseObjectInfo`.
struct ReferenceAdvertisement {
    let agent: String

    /// For fetchers, protocol 0 and 1: HEAD first, then the refs by name, tags followed by what they come to.
    func uploadPack(_ snapshot: ReferenceSnapshot, version: GitProtocolVersion) -> [UInt8] {
        var words =
            "multi_ack thin-pack side-band side-band-64k ofs-delta shallow deepen-since deepen-not deepen-relative "
            + "no-progress include-tag multi_ack_detailed allow-tip-sha1-in-want allow-reachable-sha1-in-want no-done"
        if let head = snapshot.head, snapshot.headID != nil { words += " symref=HEAD:\(head)" }
        words += " filter object-format=sha1 agent=\(agent)"
        var bytes = start("git-upload-pack", version, references: snapshot.references)
        var tail = Array("\0\(words)".utf8)
        if let id = snapshot.headID { append(id, "HEAD", "", &tail, to: &bytes) }
        for reference in snapshot.references {
            append(reference.id, reference.name, "", &tail, to: &bytes)
            if let peeled = reference.peeled { append(peeled, reference.name, "^{}", &tail, to: &bytes) }
        }
        return bytes + PktLine.flush
    }

    /// For pushers: no HEAD, nothing peeled.
    func receivePack(_ references: [Reference], version: GitProtocolVersion) -> [UInt8] {
        // Receiving has no version 2; such clients are answered as if they had not asked for it.
        var bytes = start("git-receive-pack", version == .v1 ? .v1 : .v0, references: references)
        var tail = Array(
            ("\0report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta push-options "
                + "object-format=sha1 agent=\(agent)").utf8)
        if references.isEmpty { append(.zero, "capabilities", "^{}", &tail, to: &bytes) }
        for reference in references { append(reference.id, reference.name, "", &tail, to: &bytes) }
        return bytes + PktLine.flush
    }

    /// For fetchers, protocol 2: capabilities only (gitprotocol-v2(5), "Capability Advertisement"), without the line that
    /// names the service, as git's own server does it.
    func version2() -> [UInt8] {
        var bytes: [UInt8] = []
        for line in [
            "version 2", "agent=\(agent)", "ls-refs=unborn", "fetch=shallow wait-for-done filter", "server-option",
            "object-format=sha1", "object-info",
        ] { PktLine.append(line: line, to: &bytes) }
        return bytes + PktLine.flush
    }

    private func start(_ service: String, _ version: GitProtocolVersion, references: [Reference]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            1024 + references.reduce(0) { $0 + ($1.name.utf8.count + 50) * ($1.peeled == nil ? 1 : 2) })
        PktLine.append(line: "# service=\(service)", to: &bytes)
        bytes += PktLine.flush
        if version == .v1 { PktLine.append(line: "version 1", to: &bytes) }
        return bytes
    }

    /// One line; the first one carries the capabilities in `tail`, which is empty from then on.
    private func append(
        _ id: ObjectID, _ name: String, _ suffix: StaticString, _ tail: inout [UInt8], to bytes: inout [UInt8]
    ) {
        let length = 4 + 40 + 1 + name.utf8.count + suffix.utf8CodeUnitCount + tail.count + 1
        PktLine.appendLength(length, to: &bytes)
        id.append(to: &bytes)
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: name.utf8)
        if suffix.utf8CodeUnitCount > 0 { suffix.withUTF8Buffer { bytes.append(contentsOf: $0) } }
        if !tail.isEmpty {
            bytes.append(contentsOf: tail)
            tail = []
        }
        bytes.append(UInt8(ascii: "\n"))
    }
}
