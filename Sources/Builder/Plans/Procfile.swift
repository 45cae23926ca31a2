/// A `Procfile`: a line `type: command` for each kind of process.
struct Procfile: Sendable, Hashable {
    static let fileName = "Procfile"

    /// Shell lines by process type.
    let processes: [String: String]

    init(_ bytes: [UInt8]) {
        var processes: [String: String] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].trimmed
            let command = line[line.index(after: colon)...].trimmed
            let isName = name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x5f
                    || $0 == 0x2d
            }
            if !name.isEmpty, isName, !command.isEmpty { processes[name] = command }
        }
        self.processes = processes
    }
}

extension Substring {
    /// Without spaces and tabs at both ends.
    var trimmed: String {
        var rest = drop { $0 == " " || $0 == "\t" }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return String(rest)
    }
}
