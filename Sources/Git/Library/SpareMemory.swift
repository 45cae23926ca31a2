import CGit2
import Glibc

/// Memory that was freed and that the C library keeps for later.
package enum SpareMemory {
    private static let largeWork = 10_000

    /// Has threads share as many heaps as there are processors, instead of eight times as many: what one has freed is used by
    /// the next. For the beginning of the process.
    package static func shareHeaps() { _ = cgit2_limit_heaps(Int32(max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))) }

    /// Gives it back to the system after work on so many objects. A server that has once sent a large history should not
    /// look large ever after.
    static func giveBack(after objects: Int) {
        if objects >= largeWork { _ = cgit2_trim_memory() }
    }
}
