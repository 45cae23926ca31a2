import Foundation
import Glibc
import Synchronization

/// How a helper says how far it has come, before its answer: lines of two numbers, objects done and objects in all.
enum ProgressLine {
    /// Between two lines.
    private static let interval = Duration.seconds(1)

    /// Writes lines to a descriptor.
    static func writer(to descriptor: Int32) -> PackProgress {
        let next = Mutex(ContinuousClock.now + interval)
        return PackProgress { done, total in
            let isDue = next.withLock { next in
                let now = ContinuousClock.now
                guard now >= next else { return false }
                next = now + interval
                return true
            }
            guard isDue else { return }
            let line = Array("\(done) \(total)\n".utf8)
            // Shorter than what a pipe takes at once; when nobody reads, the process is about to end anyway.
            _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        }
    }

    /// Takes a line in.
    static func read(_ line: [UInt8], into progress: PackProgress?) {
        let numbers = String(decoding: line, as: UTF8.self).split(separator: " ").compactMap { Int($0) }
        if numbers.count == 2 { progress?.advance(to: numbers[0], of: numbers[1]) }
    }
}
