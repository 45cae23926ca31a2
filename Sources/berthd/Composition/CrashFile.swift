import Core
import Foundation

/// Ends the process at a checkpoint, as a crash does: for tests of what the next start makes of it.
struct CrashFile: Sendable {
    /// Its text is the checkpoint's name; `nil` where nothing is tested.
    let path: String?

    func pass(_ checkpoint: Checkpoint) {
        guard let path, let data = FileManager.default.contents(atPath: path),
            String(decoding: data, as: UTF8.self) == checkpoint.rawValue
        else { return }
        kill(getpid(), SIGKILL)
    }
}
