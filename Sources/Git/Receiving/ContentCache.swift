/// Contents that deltas are likely to build on soon: those used last, within a budget of bytes.
struct ContentCache {
    private struct Node {
        var content: ObjectBytes?
        var key: UInt32
        var newer: Int32
        var older: Int32
    }

    private let budget: Int
    private var nodes: [Node] = []
    private var free: [Int32] = []
    private var positions: [UInt32: Int32] = [:]
    private var newest: Int32 = -1
    private var oldest: Int32 = -1
    private var size = 0

    init(budget: Int) { self.budget = budget }

    /// The content of an entry, which counts as used now.
    mutating func content(of key: UInt32) -> ObjectBytes? {
        guard let position = positions[key] else { return nil }
        if newest != position {
            unlink(position)
            linkNewest(position)
        }
        return nodes[Int(position)].content
    }

    /// Adds a content and drops the ones that were not used for longest. The newest two stay whatever their size: a delta
    /// and its base.
    mutating func insert(_ content: ObjectBytes, for key: UInt32) {
        guard positions[key] == nil else { return }
        let node = Node(content: content, key: key, newer: -1, older: -1)
        let position: Int32
        if let reused = free.popLast() {
            position = reused
            nodes[Int(position)] = node
        } else {
            position = Int32(nodes.count)
            nodes.append(node)
        }
        positions[key] = position
        linkNewest(position)
        // What a small object costs besides its bytes.
        size += content.count + 128
        while size > budget, positions.count > 2 { dropOldest() }
    }

    mutating func removeAll() {
        self = ContentCache(budget: budget)
    }

    private mutating func dropOldest() {
        let position = oldest
        unlink(position)
        if let content = nodes[Int(position)].content { size -= content.count + 128 }
        nodes[Int(position)].content = nil
        positions[nodes[Int(position)].key] = nil
        free.append(position)
    }

    private mutating func unlink(_ position: Int32) {
        let (newer, older) = (nodes[Int(position)].newer, nodes[Int(position)].older)
        if newer >= 0 { nodes[Int(newer)].older = older } else { newest = older }
        if older >= 0 { nodes[Int(older)].newer = newer } else { oldest = newer }
    }

    private mutating func linkNewest(_ position: Int32) {
        nodes[Int(position)].newer = -1
        nodes[Int(position)].older = newest
        if newest >= 0 { nodes[Int(newest)].newer = position }
        newest = position
        if oldest < 0 { oldest = position }
    }
}
