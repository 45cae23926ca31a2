/// Commits in order of time, newest first: a binary heap.
struct CommitQueue {
    struct Item {
        let id: ObjectID
        let time: Int
    }

    private var items: [Item] = []

    var isEmpty: Bool { items.isEmpty }

    mutating func push(_ id: ObjectID, time: Int) {
        items.append(Item(id: id, time: time))
        var child = items.count - 1
        while child > 0, items[(child - 1) / 2].time < items[child].time {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> Item? {
        guard let first = items.first, let last = items.popLast() else { return nil }
        guard !items.isEmpty else { return first }
        items[0] = last
        var parent = 0
        while true {
            var largest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count {
                if items[child].time > items[largest].time { largest = child }
            }
            if largest == parent { return first }
            items.swapAt(parent, largest)
            parent = largest
        }
    }
}
