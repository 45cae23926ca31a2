import Synchronization

/// The open packs of all repositories, kept between requests as long as there are not too many. A pack never changes
/// under its name; which packs there are is read anew each time, since another git program may add and remove some.
final class PackCache: Sendable {
    private struct Kept {
        let pack: OpenPack
        var lastUse: Int
    }

    private struct State {
        /// By folder, then by file name without its extension.
        var folders: [String: [String: Kept]] = [:]
        var count = 0
        var clock = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: packs that are kept open.
    init(limit: Int) { self.limit = limit }

    /// The packs in `folder`; those that cannot be read are left out.
    func packs(in folder: String) -> PackSet {
        let names = FileSystem.names(in: folder).filter { $0.hasSuffix(".idx") }.map { String($0.dropLast(4)) }.sorted()
        let known = state.withLock { $0.folders[folder] ?? [:] }
        var open: [(name: String, pack: OpenPack)] = []
        for name in names {
            if let pack = known[name]?.pack {
                open.append((name, pack))
            } else if let pack = try? OpenPack("\(folder)/\(name)") {
                open.append((name, pack))
            }
        }
        keep(open, of: folder)
        return PackSet(open.map(\.pack), isComplete: open.count == names.count)
    }

    /// Closes what is open of a folder, when its packs go.
    func forget(_ folder: String) {
        state.withLock { state in
            state.count -= state.folders.removeValue(forKey: folder)?.count ?? 0
        }
    }

    private func keep(_ open: [(name: String, pack: OpenPack)], of folder: String) {
        state.withLock { state in
            state.clock += 1
            let now = state.clock
            state.count += open.count - (state.folders[folder]?.count ?? 0)
            state.folders[folder] = Dictionary(open.map { ($0.name, Kept(pack: $0.pack, lastUse: now)) }) { $1 }
            guard state.count > limit else { return }
            // Half of them at once, so that this is rare.
            let ages = state.folders.values.flatMap { $0.values.map(\.lastUse) }.sorted()
            let oldest = ages[ages.count / 2]
            state.folders = state.folders.compactMapValues { packs in
                let kept = packs.filter { $0.value.lastUse >= oldest }
                return kept.isEmpty ? nil : kept
            }
            state.count = state.folders.values.reduce(0) { $0 + $1.count }
        }
    }
}
