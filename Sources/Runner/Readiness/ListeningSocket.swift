/// A TCP socket that listens inside a network namespace.
struct ListeningSocket: Sendable, Hashable {
    let address: String
    let port: Int
    let isLoopback: Bool

    /// Those of the namespace that process `pid` is in.
    static func all(ofProcess pid: Int32) -> [ListeningSocket] {
        let texts = ["tcp", "tcp6"].compactMap { HostFiles.text("/proc/\(pid)/net/\($0)") }
        return Array(Set(texts.flatMap { parse($0) })).sorted { ($0.port, $0.address) < ($1.port, $1.address) }
    }

    /// Reads `/proc/net/tcp` or `tcp6`: addresses are hex, in groups of four bytes in the machine's order, ports hex
    /// (proc_pid_net(5)).
    static func parse(_ table: String) -> [ListeningSocket] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 3, fields[3] == "0A" else { return nil }
            let parts = fields[1].split(separator: ":")
            guard parts.count == 2, let port = Int(parts[1], radix: 16), let bytes = bytes(parts[0]) else { return nil }
            return ListeningSocket(address: text(bytes), port: port, isLoopback: isLoopback(bytes))
        }
    }

    /// In network order.
    private static func bytes(_ hex: Substring) -> [UInt8]? {
        let digits = Array(hex)
        guard digits.count == 8 || digits.count == 32 else { return nil }
        var result: [UInt8] = []
        for start in stride(from: 0, to: digits.count, by: 8) {
            guard let word = UInt32(String(digits[start..<start + 8]), radix: 16) else { return nil }
            result += withUnsafeBytes(of: word) { Array($0) }
        }
        return result
    }

    private static func isLoopback(_ bytes: [UInt8]) -> Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1]
    }

    private static func text(_ bytes: [UInt8]) -> String {
        if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
        if bytes.allSatisfy({ $0 == 0 }) { return "[::]" }
        if isLoopback(bytes) { return "[::1]" }
        let words = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        return "[" + words.map { String($0, radix: 16) }.joined(separator: ":") + "]"
    }
}
