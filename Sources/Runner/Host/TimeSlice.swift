import CLinux

/// How long a process runs before another that waits has its turn (sched_setattr(2), since Linux 6.12).
///
/// A process that waits preempts one whose slice is longer as soon as it has something to do, where it would else wait for
/// the kernel's tick: an instance that answers requests is not to wait for milliseconds for programs that only compute.
enum TimeSlice {
    /// Of instances, in nanoseconds. The kernel's own is some milliseconds.
    static let instance: UInt64 = 300_000

    /// What the process starts has the same.
    static func shorten(_ process: ProcessIdentity) { _ = clinux_set_slice(process.pid, instance, 1) }
}
