import Glibc

/// How much one round does.
public enum MaintenanceDepth: Sendable {
    /// The small packs and loose objects, when there are many: each object is copied a few times in its life.
    case usual
    /// Everything into one pack, without what nobody needs.
    case full
}

extension Repository {
    /// Seconds: objects that are not needed are kept together with others of their age.
    private static let ageStep = 2 * 86_400

    /// Puts packs together and removes what earlier rounds have replaced. Others may read and write meanwhile.
    ///
    /// A repository whose objects an outside git keeps in ways of its own (alternates, a multi-pack index) is left alone,
    /// and so are packs with a `.keep` file.
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - room: bytes that may be written; throws `.tooLarge`, with what is to be removed gone, when they are too few.
    borrowing func maintain(
        _ depth: MaintenanceDepth, policy: MaintenancePolicy, now: Int, room: Int? = nil
    ) throws(GitError) -> MaintenanceReport {
        var report = MaintenanceReport()
        let folder = "\(directory)/objects"
        guard !FileSystem.exists("\(folder)/info/alternates"), !FileSystem.exists("\(folder)/pack/multi-pack-index")
        else { return report }
        var superseded = try SupersededPacks(in: folder)
        report.removedPacks = try removeSuperseded(&superseded, policy: policy, now: now)
        removePackedLooseObjects(olderThan: now - policy.supersededGrace, superseded)
        report.packedReferences = try packReferences(policy, depth)

        let usable = packs.packs(in: "\(folder)/pack").packs.filter { pack in
            !superseded.contains(pack.name)
                && ![".keep", ".promisor"].contains { FileSystem.exists("\(folder)/pack/\(pack.name)\($0)") }
        }
        let loose = LooseObjects.all(in: folder)
        let replaced =
            switch depth {
            case .usual: try consolidate(usable, loose, policy, room: room, &report)
            case .full: try repack(usable, loose, policy, now: now, room: room, &report)
            }
        try superseded.add(replaced, at: now)
        if depth == .full { try writeCommitGraph(policy) }
        return report
    }

    // MARK: - Putting together

    /// A pack that is not needed any more, and the one that holds all its objects; `nil` when no single one does.
    private typealias Replaced = (name: String, successor: String?)

    /// Puts the small packs together. Returns those that are not needed any more.
    private borrowing func consolidate(
        _ usable: [OpenPack], _ loose: [LooseObjects.Item], _ policy: MaintenancePolicy, room: Int?,
        _ report: inout MaintenanceReport
    ) throws(GitError) -> [Replaced] {
        let chosen = usable.count > policy.packs ? Self.small(usable) : []
        let loose = loose.count > policy.looseObjects ? loose : []
        guard chosen.count > 1 || !loose.isEmpty else { return [] }
        try Self.check(room, for: chosen, loose)
        var objects = Set(loose.map(\.id))
        for pack in chosen { objects.formUnion(pack.index.ids) }
        // All that is from before the grace time stays so, whatever it is put together with.
        let time = (chosen.map(\.time) + loose.map(\.time)).max()
        let name = try writePack(objects.sorted(), from: usable, time: time)
        report.consolidatedPacks += chosen.count
        report.packedObjects += loose.count
        return chosen.map(\.name).filter { $0 != name }.map { old -> Replaced in (old, name) }
    }

    /// Those packs that, smallest first, are too large a part of a larger one not to be put together with it: afterwards
    /// each pack has at least twice the objects of all smaller ones, so that there are few and each is seldom copied.
    private static func small(_ packs: [OpenPack]) -> [OpenPack] {
        let sorted = packs.sorted { $0.index.count < $1.index.count }
        var sums: [Int] = [0]
        for pack in sorted { sums.append(sums[sums.count - 1] + pack.index.count) }
        let last = sorted.indices.last { sorted[$0].index.count < 2 * sums[$0] }
        return Array(sorted[..<((last ?? 0) + 1)])
    }

    /// Puts everything into one pack, but for what no ref has reached for long, and what none reaches now into another.
    private borrowing func repack(
        _ usable: [OpenPack], _ loose: [LooseObjects.Item], _ policy: MaintenancePolicy, now: Int, room: Int?,
        _ report: inout MaintenanceReport
    ) throws(GitError) -> [Replaced] {
        var reachable = ReachableSet()
        try reachable.add(roots(), in: self)
        let limit = now - policy.unreachableGrace
        // What came lately may be about to be used, and all that it needs with it.
        var recent: [ObjectID] = []
        for pack in usable where pack.time > limit { recent += pack.index.ids.filter { !reachable.ids.contains($0) } }
        recent += loose.filter { $0.time > limit && !reachable.ids.contains($0.id) }.map(\.id)
        var kept = ReachableSet()
        try kept.add(recent, allowsMissing: true, in: self)

        var all = Set(loose.map(\.id))
        for pack in usable { all.formUnion(pack.index.ids) }
        let needed = all.intersection(reachable.ids)
        let others = all.intersection(kept.ids).subtracting(needed)
        let dropped = all.count - needed.count - others.count
        let isTidy = usable.count(where: { !$0.index.ids.allSatisfy(others.contains) }) <= 1 && loose.isEmpty
        guard !isTidy || dropped > 0 else { return [] }
        try Self.check(room, for: usable, loose)
        var names: [String] = []
        if !needed.isEmpty { names.append(try writePack(needed.sorted(), from: usable)) }
        // By age, so that what came to be unneeded lately does not keep what has long been so.
        for (time, group) in Self.groups(others, usable, loose, now: now) {
            names.append(try writePack(group.sorted(), from: usable, time: time))
        }
        report.consolidatedPacks += usable.count
        report.packedObjects += loose.count
        report.droppedObjects += dropped
        let main = needed.isEmpty ? nil : names.first
        return usable.filter { !names.contains($0.name) }.map { pack -> Replaced in
            (pack.name, pack.index.ids.allSatisfy(needed.contains) ? main : nil)
        }
    }

    /// Throws unless all of it could be written once more: the old files stay for a while.
    private static func check(
        _ room: Int?, for packs: [OpenPack], _ loose: [LooseObjects.Item]
    ) throws(GitError) {
        let bytes = packs.reduce(loose.reduce(0) { $0 + $1.size }) { $0 + $1.bytes.count }
        guard let room, room < bytes else { return }
        throw GitError(
            .tooLarge, "the disk has no room to write \(bytes >> 20) MiB of packs anew", operation: "maintenance")
    }

    /// Objects whose newest copy is from about the same time, and that time.
    private static func groups(
        _ ids: Set<ObjectID>, _ packs: [OpenPack], _ loose: [LooseObjects.Item], now: Int
    ) -> [(time: Int, ids: [ObjectID])] {
        var times: [ObjectID: Int] = [:]
        func note(_ id: ObjectID, _ time: Int) {
            if ids.contains(id) { times[id] = max(times[id] ?? 0, min(time, now)) }
        }
        for pack in packs {
            let time = pack.time
            for id in pack.index.ids { note(id, time) }
        }
        for item in loose { note(item.id, item.time) }
        let groups = Dictionary(grouping: ids) { (times[$0] ?? now) / ageStep }
        return groups.values.map { group in (group.compactMap { times[$0] }.max() ?? now, group) }
            .sorted { $0.time < $1.time }
    }

    // MARK: - Removing

    /// Removes packs whose time has come. One that holds what is nowhere else goes only when no ref reaches that.
    private borrowing func removeSuperseded(
        _ superseded: inout SupersededPacks, policy: MaintenancePolicy, now: Int
    ) throws(GitError) -> Int {
        let due = superseded.entries.filter { $0.value.time <= now - policy.supersededGrace }.keys
        guard !due.isEmpty else { return 0 }
        let folder = "\(directory)/objects/pack"
        let asked = packs.packs(in: folder).packs
        var kept = PackSet(asked.filter { !superseded.contains($0.name) })
        let loose = Set(LooseObjects.all(in: "\(directory)/objects").map(\.id))
        var removed: [String] = []
        var missing: [String: [ObjectID]] = [:]
        for name in due {
            // Most are not asked any more, and so not open.
            let known = asked.first { $0.name == name }
            guard let pack = known ?? (try? OpenPack("\(folder)/\(name)")) else { continue }
            var ids: [ObjectID] = []
            for id in pack.index.ids where kept.find(id) == nil && !loose.contains(id) { ids.append(id) }
            if ids.isEmpty { removed.append(pack.name) } else { missing[pack.name] = ids }
        }
        for name in removed { superseded.unlinkFiles(of: name) }
        if !missing.isEmpty { removed += try removeUnreachable(missing, &superseded) }
        try superseded.remove(removed)
        if !removed.isEmpty {
            outgoing.forget(directory, packs: Set(removed))
            closures.forget(directory, packs: Set(removed))
        }
        return removed.count
    }

    private borrowing func removeUnreachable(
        _ missing: [String: [ObjectID]], _ superseded: inout SupersededPacks
    ) throws(GitError) -> [String] {
        let before = try roots()
        var reachable = ReachableSet()
        try reachable.add(before, in: self)
        let needed = missing.filter { $0.value.contains(where: reachable.ids.contains) }
        // Somebody has come to use what was not used: the pack counts as any other again.
        try superseded.remove(Array(needed.keys))
        let free = missing.keys.filter { needed[$0] == nil }
        // A push that was checked while the objects were there may not have moved its refs yet.
        let isRemoved = try lock.holdWithoutPushes { () throws(GitError) in
            guard try roots() == before else { return false }
            for name in free { superseded.unlinkFiles(of: name) }
            return true
        }
        return isRemoved ? free : []
    }

    /// Removes loose objects that are packed since an earlier round.
    private borrowing func removePackedLooseObjects(olderThan limit: Int, _ superseded: SupersededPacks) {
        let loose = LooseObjects.all(in: "\(directory)/objects")
        guard !loose.isEmpty else { return }
        var kept = PackSet(
            packs.packs(in: "\(directory)/objects/pack").packs.filter {
                !superseded.contains($0.name) && $0.changeTime <= limit
            })
        for item in loose where kept.find(item.id) != nil { unlink(item.path) }
    }

    // MARK: - Refs

    /// The values of all refs, the platform's own among them, and of HEAD where it is no ref's name.
    private borrowing func roots() throws(GitError) -> Set<ObjectID> {
        var roots = Set(try references.all().map(\.id))
        if let head = try FileSystem.contents(of: "\(directory)/HEAD"), let id = ObjectID(hex: head.prefix(40)) {
            roots.insert(id)
        }
        return roots
    }

    private borrowing func packReferences(_ policy: MaintenancePolicy, _ depth: MaintenanceDepth) throws(GitError)
        -> Int
    {
        let all = try references.all()
        let loose = try references.looseValues(of: all.map(\.name))
        guard loose.count > (depth == .full ? 1 : policy.looseReferences) else { return 0 }
        let updates = all.filter { loose[$0.name] == $0.id }.map {
            ReferenceUpdate(name: $0.name, old: $0.id, new: $0.id)
        }
        // All or none: one that moves meanwhile puts it off to the next round.
        return try update(updates, isAtomic: true).contains { $0 != nil } ? 0 : updates.count
    }

    private borrowing func writeCommitGraph(_ policy: MaintenancePolicy) throws(GitError) {
        var history = History()
        var tips: [ObjectID] = []
        for root in try roots() {
            if let id = try history.commitID(root, in: self) { tips.append(id) }
        }
        let commits = try history.difference(wants: tips, haves: [], cut: [], haveCut: [], in: self).commits
        guard commits.count >= policy.graphCommits else { return }
        try CommitGraph(commits, history: &history, in: self).write(directory)
    }
}
