import Core
import Synchronization

/// A disk with as much room as a test says; none is told of until then.
public final class ScriptedDisk: Sendable {
    private let state = Mutex<DiskRoom?>(nil)

    public init() {}

    public func setRoom(_ room: DiskRoom?) { state.withLock { $0 = room } }
    public var room: DiskRoom? { state.withLock { $0 } }
}
