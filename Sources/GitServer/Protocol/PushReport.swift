import Git

/// What became of a push (gitprotocol-pack(5), "Report Status").
struct PushReport: Sendable, Equatable {
    /// Why no command could be looked at; `nil` when the objects were taken.
    var unpackFailure: String?
    /// For each command, in the request's order, why its ref did not move; `nil` for success.
    var results: [(rawName: [UInt8], failure: String?)] = []

    /// The packets of the report with its flush. The same in both versions of it, since no option lines are sent.
    func serialized() -> [UInt8] {
        var bytes: [UInt8] = []
        PktLine.append(line: "unpack " + (unpackFailure.map(Self.oneLine) ?? "ok"), to: &bytes)
        for result in results {
            var line = Array((result.failure == nil ? "ok " : "ng ").utf8) + result.rawName
            if let failure = result.failure { line += Array((" " + Self.oneLine(failure)).utf8) }
            PktLine.append(line + [UInt8(ascii: "\n")], to: &bytes)
        }
        return bytes + PktLine.flush
    }

    private static func oneLine(_ text: String) -> String { ShownText.of(text, limit: 1000) }

    static func == (left: PushReport, right: PushReport) -> Bool { left.serialized() == right.serialized() }
}
