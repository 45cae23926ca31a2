import Core
import Synchronization

/// A meter that says what it was told.
public final class ScriptedMeter: InstanceMeter {
    private let known = Mutex<[ID<Instance>: InstanceUsage]>([:])

    public init() {}

    public func set(_ usage: InstanceUsage?, of instance: ID<Instance>) { known.withLock { $0[instance] = usage } }

    public func usage(of instances: [ID<Instance>]) -> [ID<Instance>: InstanceUsage] {
        known.withLock { known in known.filter { instances.contains($0.key) } }
    }
}
