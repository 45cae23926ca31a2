import CGit2

/// Memory that was freed and that the C library keeps for later.
enum SpareMemory {
    private static let largeWork = 10_000

    /// Gives it back to the system after work on so many objects. A server that has once sent a large history should not
    /// look large ever after.
    static func giveBack(after objects: Int) {
        if objects >= largeWork { _ = cgit2_trim_memory() }
    }
}
