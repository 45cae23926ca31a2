import Core
import Synchronization

/// Why a task must end before its command does. The first reason stays.
final class TaskEnding: Sendable {
    enum Reason: Sendable, Hashable {
        case timedOut
        case tooMuchOutput
        case tooManyProcesses
        case tooMuchDisk
        case tooManyFiles
        case tooDeep
        case tooMuchInVolumes
        case diskReserve
        case cancelled
    }

    private let state = Mutex<Reason?>(nil)

    var reason: Reason? { state.withLock { $0 } }

    func set(_ reason: Reason) {
        state.withLock { if $0 == nil { $0 = reason } }
    }
}
