import Git

/// What a client is shown of its pack while that is checked: nothing of a small one that takes no time, and otherwise what
/// was received and how far the checking is, in the form of git's own progress.
struct PushMeter {
    /// Packs of fewer objects and bytes are not talked about unless they take long.
    private static let (leastObjects, leastBytes) = (100, 1 << 20)

    let progress: PackProgress
    /// Of the pack, as it came.
    let bytes: Int
    /// The client has not asked for silence (`quiet`).
    let isWanted: Bool

    private var isBegun = false
    private var shown = -1

    init(progress: PackProgress, bytes: Int, isWanted: Bool) {
        self.progress = progress
        self.bytes = bytes
        self.isWanted = isWanted
    }

    /// What to show now and then while the pack is checked; `nil` when there is nothing new.
    mutating func step() -> String? {
        let (done, total) = progress.objects
        guard isWanted, total > 0, done != shown else { return nil }
        shown = done
        return begin() + "Checking objects: \(percent(done, of: total))% (\(done)/\(total))\r"
    }

    /// What to show once all is checked.
    mutating func finish() -> String? {
        let total = progress.objects.total
        shown = progress.objects.done
        guard isWanted, total > 0, isBegun || total >= Self.leastObjects || bytes >= Self.leastBytes else { return nil }
        return begin() + "Checking objects: 100% (\(total)/\(total)), done.\n"
    }

    private mutating func begin() -> String {
        defer { isBegun = true }
        guard !isBegun else { return "" }
        let size = bytes >= 1 << 20 ? "\(tenths(bytes, of: 1 << 20)) MiB" : "\(tenths(bytes, of: 1 << 10)) KiB"
        return "Received \(size), \(progress.objects.total) objects.\n"
    }

    private func percent(_ done: Int, of total: Int) -> String {
        let text = String(100 * done / total)
        return String(repeating: " ", count: 3 - text.count) + text
    }

    private func tenths(_ value: Int, of unit: Int) -> String {
        let tenths = (10 * value + unit / 2) / unit
        return "\(tenths / 10).\(tenths % 10)"
    }
}
