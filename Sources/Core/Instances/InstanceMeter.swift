/// What an instance used, as it was last looked at.
public struct InstanceUsage: Sendable, Hashable {
    /// Bytes.
    public var memory: Int
    /// Bytes it may have.
    public var memoryLimit: Int
    /// Processor time since it was started, seconds.
    public var cpuSeconds: Double
    /// Per cent of one processor over the last few seconds.
    public var currentPercent: Double
    /// Per cent of one processor since it was first looked at.
    public var averagePercent: Double

    public init(
        memory: Int, memoryLimit: Int, cpuSeconds: Double, currentPercent: Double, averagePercent: Double
    ) {
        self.memory = memory
        self.memoryLimit = memoryLimit
        self.cpuSeconds = cpuSeconds
        self.currentPercent = currentPercent
        self.averagePercent = averagePercent
    }
}

/// Tells what instances use, from what was measured already: a call reads nothing from the system.
public protocol InstanceMeter: Sendable {
    /// Instances that do not run, or have not been looked at yet, are left out.
    func usage(of instances: [ID<Instance>]) -> [ID<Instance>: InstanceUsage]
}
