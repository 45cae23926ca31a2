import Glibc

/// The pipe that a made container's first process waits at. It opens it to write, which takes until somebody reads there, and
/// then becomes the container's program; whoever has read removes the pipe (`runc start`, libcontainer's `exec.fifo`). Done
/// here it takes no further program, which would take longer than all the rest of the start.
struct StartGate: Sendable {
    /// The process is there already, so this is the time for a few system calls of it.
    private static let patience = Duration.seconds(2)

    let path: String

    /// False when there is nobody at the pipe, or no pipe; then nothing has changed.
    func open(_ process: ProcessIdentity) async -> Bool {
        let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let deadline = ContinuousClock.now + Self.patience
        var byte: UInt8 = 0
        while true {
            // Nothing yet reads as an end: the other side is still to be opened, or has just been.
            if read(descriptor, &byte, 1) > 0 { break }
            guard process.isAlive, ContinuousClock.now < deadline else { return false }
            try? await Task.sleep(for: .microseconds(200))
        }
        unlink(path)
        return true
    }
}
