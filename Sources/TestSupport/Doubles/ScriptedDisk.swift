import Core
import Synchronization

/// A disk with as much room as a test says; none is told of until then.
public final class ScriptedDisk: Sendable {
    private let state = Mutex<(room: DiskRoom?, uses: [ID<User>: Int])>((nil, [:]))

    public init() {}

    public func setRoom(_ room: DiskRoom?) { state.withLock { $0.room = room } }
    public var room: DiskRoom? { state.withLock { $0.room } }

    /// What a user's apps take of it from now on; nobody has counted until then.
    public func setUse(_ bytes: Int, of user: ID<User>) { state.withLock { $0.uses[user] = bytes } }
    public func use(of user: ID<User>) -> Int? { state.withLock { $0.uses[user] } }
}
