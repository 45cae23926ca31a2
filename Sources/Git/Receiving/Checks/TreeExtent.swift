import Synchronization

/// How far a tree goes.
struct TreeExtent: Hashable, Sendable {
    /// Folders within one another, itself among them.
    private(set) var depth: Int32
    /// Bytes of the longest path in it.
    private(set) var path: Int32

    init(depth: Int, path: Int) {
        self.depth = Int32(clamping: depth)
        self.path = Int32(clamping: path)
    }

    /// Takes in a file's or submodule's name.
    mutating func add(file name: Int) { path = max(path, Int32(clamping: name)) }

    /// Takes in a folder.
    mutating func add(_ folder: TreeExtent, name: Int) {
        depth = max(depth, Int32(clamping: Int(folder.depth) + 1))
        let below = folder.path == 0 ? 0 : Int(folder.path) + 1
        path = max(path, Int32(clamping: name + below))
    }
}

/// The extents of trees that were measured, for the pushes to come: most of what a push refers to has not changed. What
/// a tree holds follows from its name, so they stay true.
final class TreeExtentCache: Sendable {
    private struct State {
        var recent: [ObjectID: TreeExtent] = [:]
        var older: [ObjectID: TreeExtent] = [:]
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: trees that are remembered; about 60 bytes each.
    init(limit: Int) { self.limit = limit }

    func extent(of id: ObjectID) -> TreeExtent? {
        state.withLock { state in
            if let extent = state.recent[id] { return extent }
            guard let extent = state.older[id] else { return nil }
            state.recent[id] = extent
            return extent
        }
    }

    func keep(_ extent: TreeExtent, of id: ObjectID) {
        guard limit > 0 else { return }
        state.withLock { state in
            if state.recent.count >= limit / 2 {
                state.older = state.recent
                state.recent = [:]
            }
            state.recent[id] = extent
        }
    }
}
