import Glibc

/// The bytes of a pack, complete.
package enum PackSource: Sendable {
    /// The push needs no objects.
    case none
    case memory([UInt8])
    /// The body of the push's quarantine.
    case file(Quarantine)

    /// As it came.
    package var bytes: Int {
        switch self {
        case .none: 0
        case .memory(let bytes): bytes.count
        case .file(let quarantine): FileSystem.size(of: quarantine.body) ?? 0
        }
    }
}

/// What has come of a pack at first.
enum Reception: Sendable {
    /// It was read. The pack waits to be accepted; `nil` when nothing of it is to be kept.
    case read(QuarantinedPack?)
    /// It is more than this process reads itself.
    case handedOver(LargePack)
}

extension Repository {
    /// Reads and checks a pack, and completes it in its quarantine when `decide` says so. Nothing of the repository has
    /// changed afterwards.
    /// - Parameter decide: gets a function that says of which kind an object is, new or old, `nil` when it is nowhere.
    /// - Returns: what may be accepted; `nil` when nothing new came, or `decide` wants none of it.
    @discardableResult
    package borrowing func receive(
        _ source: PackSource, limits: ReceiveLimits,
        decide: ((ObjectID) throws(GitError) -> ObjectKind?) throws(GitError) -> Bool
    ) throws(GitError) -> QuarantinedPack? {
        try read(source, limits: limits, bounds: nil, progress: nil, decide: decide)
    }

    /// The same, unless it is too much for this process and `helper` can read it.
    borrowing func receive(
        _ source: PackSource, limits: ReceiveLimits, helper: IndexHelper?, progress: PackProgress? = nil,
        decide: ((ObjectID) throws(GitError) -> ObjectKind?) throws(GitError) -> Bool
    ) throws(GitError) -> Reception {
        if let helper, case .file(let quarantine) = source,
            FileSystem.size(of: quarantine.body) ?? 0 >= helper.leastBytes
        {
            return .handedOver(try LargePack(in: quarantine, of: directory))
        }
        do throws(GitError) {
            return .read(
                try read(source, limits: limits, bounds: helper?.bounds, progress: progress, decide: decide))
        } catch {
            guard error == ProcessBounds.exceeded else { throw error }
            return .handedOver(try LargePack(in: spool(source), of: directory))
        }
    }

    /// Takes what the helper has made of a pack; it is looked at as any stored pack is.
    borrowing func take(
        _ large: LargePack, _ answer: IndexOrder.Answer,
        decide: ((ObjectID) throws(GitError) -> ObjectKind?) throws(GitError) -> Bool
    ) throws(GitError) -> QuarantinedPack? {
        guard case .indexed(let trailer, _) = answer else {
            _ = try decide { (id) throws(GitError) in try self.objects.header(id)?.kind }
            return nil
        }
        guard let name = ObjectID(hex: Array(trailer.utf8)) else { throw OpenPack.damaged }
        let sealed = try large.quarantine.seal(large.body, large.index, trailer: name)
        let pack = try OpenPack(sealed.path)
        let isWanted = try decide { (id) throws(GitError) in
            if let kind = try pack.kind(of: id) { return kind }
            return try self.objects.header(id)?.kind
        }
        return isWanted ? sealed : nil
    }

    private borrowing func read(
        _ source: PackSource, limits: ReceiveLimits, bounds: ProcessBounds?, progress: PackProgress?,
        decide: ((ObjectID) throws(GitError) -> ObjectKind?) throws(GitError) -> Bool
    ) throws(GitError) -> QuarantinedPack? {
        let storage: PackStorage
        switch source {
        case .none:
            _ = try decide { (id) throws(GitError) in try self.objects.header(id)?.kind }
            return nil
        case .memory(let bytes): storage = try PackStorage(bytes)
        case .file(let quarantine): storage = try PackStorage(path: quarantine.body)
        }
        let pack = try PackReceiver.receive(
            storage, store: objects, packs: "\(directory)/objects/pack", limits: limits, bounds: bounds,
            progress: progress)
        defer { SpareMemory.giveBack(after: pack.count) }
        let isWanted = try decide { (id) throws(GitError) in
            if let kind = pack.kind(of: id) { return kind }
            return try self.objects.header(id)?.kind
        }
        guard isWanted, !pack.isEmpty else { return nil }
        let quarantine: Quarantine
        if case .file(let known) = source { quarantine = known } else { quarantine = try Quarantine(in: directory) }
        let file = try quarantine.openBody(isNew: !storage.isFile)
        let index = try quarantine.makeIndex()
        return try quarantine.seal(file, index, trailer: pack.write(to: file, index: index, store: objects))
    }

    /// Puts a pack into a file when it is not in one.
    private borrowing func spool(_ source: PackSource) throws(GitError) -> Quarantine {
        if case .file(let quarantine) = source { return quarantine }
        let quarantine = try Quarantine(in: directory)
        let file = try quarantine.openBody(isNew: true)
        defer { withExtendedLifetime(file) {} }
        if case .memory(let bytes) = source { try FileSystem.write(bytes, to: file.number) }
        return quarantine
    }
}
