import Git

/// The command `ls-refs` of protocol 2 and its answer (gitprotocol-v2(5), "ls-refs").
struct ReferenceList: Sendable, Hashable {
    /// So many prefixes are no filter any more (git's own bound).
    private static let prefixLimit = 65_536

    private var isPeeled = false
    private var showsTargets = false
    private var showsUnborn = false
    private var prefixes: [String] = []
    private var isUnfiltered = false

    init() {}

    init(_ arguments: [String]) throws(ProtocolError) {
        for line in arguments { try take(line) }
    }

    /// Takes an argument of the command.
    mutating func take(_ line: String) throws(ProtocolError) {
        switch line {
        case "peel": isPeeled = true
        case "symrefs": showsTargets = true
        case "unborn": showsUnborn = true
        default:
            guard let prefix = line.value(after: "ref-prefix ") else {
                throw ProtocolError("unexpected line: '\(ShownText.of(line, limit: 200))'")
            }
            guard !isUnfiltered else { return }
            prefixes.append(prefix)
            guard prefixes.count >= Self.prefixLimit else { return }
            prefixes = []
            isUnfiltered = true
        }
    }

    /// Whether many clients ask the same: the usual few prefixes, not a list of somebody's own.
    var isCommon: Bool { prefixes.count <= 16 && prefixes.allSatisfy { $0.utf8.count <= 128 } }

    /// About how many bytes it takes.
    var memory: Int { prefixes.reduce(0) { $0 + $1.utf8.count + 48 } }

    func response(_ snapshot: ReferenceSnapshot) -> [UInt8] {
        // Of those that begin alike only the shortest matters; so many comparisons a ref are not needed.
        let wanted = Self.shortest(prefixes)
        func isWanted(_ name: String) -> Bool {
            wanted.isEmpty || wanted.contains { name.utf8.starts(with: $0.utf8) }
        }
        var bytes: [UInt8] = []
        if wanted.isEmpty { bytes.reserveCapacity(snapshot.references.count * 80) }
        if isWanted("HEAD") {
            let target = showsTargets ? snapshot.head.map { " symref-target:\($0)" } ?? "" : ""
            if let id = snapshot.headID {
                PktLine.append(line: "\(id) HEAD\(target)", to: &bytes)
            } else if showsUnborn, snapshot.head != nil {
                PktLine.append(line: "unborn HEAD\(target)", to: &bytes)
            }
        }
        for reference in snapshot.references where isWanted(reference.name) {
            let peeled = isPeeled ? reference.peeled : nil
            let length = 4 + 40 + 1 + reference.name.utf8.count + 1 + (peeled == nil ? 0 : 48)
            PktLine.appendLength(length, to: &bytes)
            reference.id.append(to: &bytes)
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: reference.name.utf8)
            if let peeled {
                bytes.append(contentsOf: " peeled:".utf8)
                peeled.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes + PktLine.flush
    }

    private static func shortest(_ prefixes: [String]) -> [String] {
        var kept: [String] = []
        for prefix in prefixes.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            if let last = kept.last, prefix.utf8.starts(with: last.utf8) { continue }
            kept.append(prefix)
        }
        return kept.contains("") ? [] : kept
    }
}
