import Core
import Foundation
import Synchronization

/// Ends or halts the process at checkpoints, as a crash and a power cut do: for tests of what the next start makes of it.
final class CrashFile: Sendable {
    /// Its text is the name of the checkpoint at which the process ends, or `halt` and the names of those at which it stands
    /// still until it gets a SIGCONT. At which one it does is in the file beside it, with `.halted` at the end of its name.
    /// `nil` where nothing is tested.
    private let path: String?
    /// Held while the process stands still: a thread that comes to another checkpoint meanwhile halts there afterwards.
    private let halting = Mutex(())

    init(path: String?) { self.path = path }

    func pass(_ checkpoint: Checkpoint) {
        guard let path else { return }
        let words = Self.words(path)
        if words == [checkpoint.rawValue] {
            kill(getpid(), SIGKILL)
        } else if words.first == "halt", words.contains(checkpoint.rawValue) {
            halting.withLock { _ in
                // Who let the process go on may have changed it.
                guard Self.words(path).contains(checkpoint.rawValue) else { return }
                try? Data(checkpoint.rawValue.utf8).write(to: URL(fileURLWithPath: "\(path).halted"))
                raise(SIGSTOP)
            }
        }
    }

    private static func words(_ path: String) -> [String] {
        let data = FileManager.default.contents(atPath: path) ?? Data()
        return String(decoding: data, as: UTF8.self).split(separator: " ").map(String.init)
    }
}
