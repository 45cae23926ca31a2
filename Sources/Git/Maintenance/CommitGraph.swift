import Glibc

/// The file in which git programs find the history's shape without reading the commits (gitformat-commit-graph(5),
/// version 1, with topological levels).
struct CommitGraph {
    private static let noParent: UInt32 = 0x7000_0000
    private static let manyParents: UInt32 = 0x8000_0000
    private static let levelLimit = 0x3fff_ffff

    private struct Item {
        let id: ObjectID
        let commit: CommitObject
        /// Indices of `items`.
        var parents: [Int] = []
        var level = 0
    }

    /// In the order of names.
    private var items: [Item] = []

    /// Takes commits that hold all their ancestors.
    init(_ ids: [ObjectID], history: inout History, in repository: borrowing Repository) throws(GitError) {
        for id in ids.sorted() { items.append(Item(id: id, commit: try history.commit(id, in: repository))) }
        var places: [ObjectID: Int] = [:]
        for (index, item) in items.enumerated() { places[item.id] = index }
        for index in items.indices {
            for parent in items[index].commit.parents {
                guard let place = places[parent] else {
                    throw GitError(.notFound, "commit \(parent) is missing", operation: "commit-graph")
                }
                items[index].parents.append(place)
            }
        }
        findLevels()
    }

    /// Replaces the repository's graph.
    func write(_ directory: String) throws(GitError) {
        let folder = "\(directory)/objects/info"
        // An outside git has begun a chain of graphs, or the history is cut off.
        guard !FileSystem.exists("\(folder)/commit-graphs"), !FileSystem.exists("\(directory)/shallow") else { return }
        if !FileSystem.isFolder(folder) { try FileSystem.makeFolder(folder) }
        let bytes = serialized()
        let draft = "\(folder)/\(SpoolFile.prefix)graph"
        unlink(draft)
        let file = try OpenFile(draft, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o444)
        try FileSystem.write(bytes, to: file.number)
        guard fsync(file.number) == 0, rename(draft, "\(folder)/commit-graph") == 0 else {
            throw LibGit2.systemError("commit-graph")
        }
    }

    /// One more than the highest level among the parents.
    private mutating func findLevels() {
        var stack: [Int] = []
        for start in items.indices where items[start].level == 0 {
            stack.append(start)
            while let index = stack.last {
                let open = items[index].parents.filter { items[$0].level == 0 }
                if open.isEmpty {
                    let highest = items[index].parents.map { items[$0].level }.max() ?? 0
                    items[index].level = min(highest + 1, Self.levelLimit)
                    stack.removeLast()
                } else {
                    stack += open
                }
            }
        }
    }

    private func serialized() -> [UInt8] {
        var (fanout, names, commits, edges): ([UInt8], [UInt8], [UInt8], [UInt8]) = ([], [], [], [])
        var counts = [UInt32](repeating: 0, count: 256)
        for item in items { counts[Int(item.id.firstByte)] += 1 }
        var sum: UInt32 = 0
        for count in counts {
            sum += count
            Self.append(sum, to: &fanout)
        }
        for item in items {
            item.id.appendBytes(to: &names)
            item.commit.tree.appendBytes(to: &commits)
            Self.append(item.parents.first.map { UInt32($0) } ?? Self.noParent, to: &commits)
            switch item.parents.count {
            case 0, 1: Self.append(Self.noParent, to: &commits)
            case 2: Self.append(UInt32(item.parents[1]), to: &commits)
            default:
                Self.append(Self.manyParents | UInt32(edges.count / 4), to: &commits)
                for parent in item.parents.dropFirst().dropLast() { Self.append(UInt32(parent), to: &edges) }
                Self.append(Self.manyParents | UInt32(item.parents[item.parents.count - 1]), to: &edges)
            }
            let time = UInt64(max(0, item.commit.time)) & 0x3_ffff_ffff
            Self.append(UInt32(item.level) << 2 | UInt32(time >> 32), to: &commits)
            Self.append(UInt32(truncatingIfNeeded: time), to: &commits)
        }
        var chunks = [("OIDF", fanout), ("OIDL", names), ("CDAT", commits)]
        if !edges.isEmpty { chunks.append(("EDGE", edges)) }
        var bytes = Array("CGPH".utf8) + [1, 1, UInt8(chunks.count), 0]
        var offset = UInt64(bytes.count + 12 * (chunks.count + 1))
        for (name, content) in chunks + [("\0\0\0\0", [])] {
            bytes += Array(name.utf8)
            Self.append(UInt32(offset >> 32), to: &bytes)
            Self.append(UInt32(truncatingIfNeeded: offset), to: &bytes)
            offset += UInt64(content.count)
        }
        for (_, content) in chunks { bytes += content }
        var hash = PlainSHA1()
        hash.update(bytes)
        hash.finish().appendBytes(to: &bytes)
        return bytes
    }

    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        for shift: UInt32 in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
