import Glibc

/// The bytes of a pack, complete.
package enum PackSource: Sendable {
    /// The push needs no objects.
    case none
    case memory([UInt8])
    /// A file in the push's quarantine.
    case file(String, in: Quarantine)
}

extension Repository {
    /// Reads and checks a pack, and keeps it when `decide` says so. Returns after the objects are durable; a pack that is
    /// not kept leaves nothing behind.
    /// - Parameters:
    ///   - helper: reads the pack when it is large.
    ///   - decide: gets a function that says of which kind an object is, new or old, `nil` when it is nowhere.
    package borrowing func receive(
        _ source: PackSource, limits: ReceiveLimits, helper: IndexHelper? = nil,
        decide: ((ObjectID) throws(GitError) -> ObjectKind?) throws(GitError) -> Bool
    ) throws(GitError) {
        if let helper, case .file(let path, let quarantine) = source,
            FileSystem.size(of: path) ?? 0 >= helper.leastBytes
        {
            return try receive(path, in: quarantine, limits: limits, helper: helper, decide: decide)
        }
        let storage: PackStorage
        switch source {
        case .none:
            _ = try decide { (id) throws(GitError) in try self.objects.header(id)?.kind }
            return
        case .memory(let bytes): storage = try PackStorage(bytes)
        case .file(let path, _): storage = try PackStorage(path: path)
        }
        let pack = try PackReceiver.receive(
            storage, store: objects, packs: "\(directory)/objects/pack", limits: limits)
        defer { SpareMemory.giveBack(after: pack.count) }
        let isWanted = try decide { (id) throws(GitError) in
            if let kind = pack.kind(of: id) { return kind }
            return try self.objects.header(id)?.kind
        }
        guard isWanted, !pack.isEmpty else { return }
        switch source {
        case .none: return
        case .memory:
            let quarantine = try Quarantine(in: directory)
            try quarantine.accept(pack.write(to: quarantine.path, body: nil, store: objects))
        case .file(let path, let quarantine):
            try quarantine.accept(pack.write(to: quarantine.path, body: path, store: objects))
        }
    }

    /// The same with the pack read elsewhere: what comes back is looked at as any stored pack is.
    private borrowing func receive(
        _ path: String, in quarantine: Quarantine, limits: ReceiveLimits, helper: IndexHelper,
        decide: ((ObjectID) throws(GitError) -> ObjectKind?) throws(GitError) -> Bool
    ) throws(GitError) {
        let answer = try helper.index(path, directory: directory, limits: limits)
        guard case .indexed(let name, _) = answer else {
            _ = try decide { (id) throws(GitError) in try self.objects.header(id)?.kind }
            return
        }
        let pack = try OpenPack("\(quarantine.path)/\(name)")
        let isWanted = try decide { (id) throws(GitError) in
            if let kind = try pack.kind(of: id) { return kind }
            return try self.objects.header(id)?.kind
        }
        guard isWanted else { return }
        try quarantine.accept(
            QuarantinedPack(
                name: name, pack: OpenFile("\(quarantine.path)/\(name).pack", flags: O_RDONLY),
                index: OpenFile("\(quarantine.path)/\(name).idx", flags: O_RDONLY)))
    }
}
