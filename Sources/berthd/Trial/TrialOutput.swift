import Core
import Glibc

/// Lines on standard output, at once, whoever reads it. What cannot be written is dropped: a trial ends in order also when
/// its reader has gone.
struct TrialOutput: DeployLogSink {
    /// - Parameter line: without its line end.
    func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
