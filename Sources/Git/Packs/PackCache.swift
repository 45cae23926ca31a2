import Synchronization

/// The open packs of all repositories, kept between requests as long as there are not too many. A pack never changes
/// under its name. Whether a folder still holds the same ones is asked of the file system at every look-up, since another
/// git program may add and remove some; only when it has changed are its names read.
final class PackCache: Sendable {
    /// What a folder was found to hold.
    private struct Folder {
        /// By name.
        let packs: [OpenPack]
        let isComplete: Bool
        let successors: PackSuccessors
        /// How it looked before it was read; `nil` when a later change might leave that as it is.
        let stamp: FileStamp?
        var lastUse = 0

        /// Whether another reading would find the same.
        var isCurrent: Bool { stamp?.isCurrent == true && successors.isCurrent }
    }

    private struct State {
        /// By path.
        var folders: [String: Folder] = [:]
        /// Packs of all folders.
        var count = 0
        var clock = 0
        var readings = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: packs that are kept open.
    init(limit: Int) { self.limit = limit }

    /// The packs in `folder` that are to be asked for objects. Those that cannot be read are left out, and those whose
    /// objects are all in another one that is there.
    func packs(in folder: String) -> PackSet {
        let known = state.withLock { state -> Folder? in
            state.clock += 1
            state.folders[folder]?.lastUse = state.clock
            return state.folders[folder]
        }
        if let known, known.isCurrent { return PackSet(known.packs, isComplete: known.isComplete) }
        let found = Self.read(folder, known)
        keep(found, of: folder)
        return PackSet(found.packs, isComplete: found.isComplete)
    }

    /// Closes what is open of a folder, when its packs go.
    func forget(_ folder: String) {
        state.withLock { state in
            state.count -= state.folders.removeValue(forKey: folder)?.packs.count ?? 0
        }
    }

    /// How often the names in a folder were read.
    var readings: Int { state.withLock { $0.readings } }

    private static func read(_ folder: String, _ known: Folder?) -> Folder {
        let moment = FileStamp.now()
        // The dot makes it the folder's own where a link leads to it.
        let stamp = FileStamp("\(folder)/.")
        let kept = known.flatMap { $0.successors.isCurrent ? $0.successors : nil }
        let successors = kept ?? PackSuccessors(in: FileSystem.parent(of: folder))
        guard let files = FileSystem.names(in: folder, endingWith: ".idx") else {
            return Folder(packs: [], isComplete: false, successors: successors, stamp: nil)
        }
        let names = files.map { String($0.dropLast(4)) }
        let open = Dictionary((known?.packs ?? []).map { ($0.name, $0) }) { $1 }
        var packs: [OpenPack] = []
        var isComplete = true
        func add(_ name: String) {
            if let pack = open[name] ?? (try? OpenPack("\(folder)/\(name)")) {
                packs.append(pack)
            } else {
                isComplete = false
            }
        }
        for name in names where successors[name] == nil { add(name) }
        // A successor that could not be opened, or that has one itself, stands for nobody: so no list can hide an object.
        let asked = Set(packs.map(\.name))
        for name in names {
            guard let successor = successors[name], !asked.contains(successor) else { continue }
            add(name)
        }
        packs.sort { $0.name < $1.name }
        // What could not be opened may be so another time, with no change of the folder.
        let isKept = isComplete && stamp.isSettled(at: moment)
        return Folder(packs: packs, isComplete: isComplete, successors: successors, stamp: isKept ? stamp : nil)
    }

    private func keep(_ found: Folder, of folder: String) {
        state.withLock { state in
            state.clock += 1
            state.readings += 1
            var found = found
            found.lastUse = state.clock
            let before = state.folders.updateValue(found, forKey: folder)?.packs.count ?? 0
            state.count += found.packs.count - before
            guard state.count > limit else { return }
            // Half of them at once, so that this is rare.
            let ages = state.folders.values.flatMap { Array(repeating: $0.lastUse, count: $0.packs.count) }.sorted()
            let oldest = ages[ages.count / 2]
            state.folders = state.folders.filter { $0.value.lastUse >= oldest }
            state.count = state.folders.values.reduce(0) { $0 + $1.packs.count }
        }
    }
}
