import Foundation

/// What one user's containers of one kind may use together; `nil` for no limit of its own.
public struct ShareLimits: Sendable, Hashable {
    /// Bytes, swap included.
    public var memory: Int?
    /// Processors, in thousandths.
    public var milliCPU: Int?
    public var processes: Int?

    public init(memory: Int? = nil, milliCPU: Int? = nil, processes: Int? = nil) {
        self.memory = memory
        self.milliCPU = milliCPU
        self.processes = processes
    }

    /// Three quarters of the machine's memory: one user's instances alone do not bring it to its end.
    public static var instances: ShareLimits {
        ShareLimits(memory: Int(ProcessInfo.processInfo.physicalMemory / 4 * 3), processes: 8192)
    }

    /// Half of the machine's memory, for builds that run at the same time.
    public static var builds: ShareLimits {
        ShareLimits(memory: Int(ProcessInfo.processInfo.physicalMemory / 2), processes: 2048)
    }
}
