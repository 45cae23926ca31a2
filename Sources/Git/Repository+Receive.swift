import Glibc

/// The bytes of a pack, complete.
package enum PackSource: Sendable {
    /// The push needs no objects.
    case none
    case memory([UInt8])
    /// A file in the push's quarantine.
    case file(String)
}

extension Repository {
    /// Indexes and checks a pack in quarantine, asks `decide` which objects' kinds it needs, and keeps the pack when
    /// `decide` says so. Returns after the objects are durable.
    ///
    /// `decide` gets a function that says of which kind an object is that the refs are to point to, new or old, `nil`
    /// when it is nowhere.
    package borrowing func receive(
        _ source: PackSource, in quarantine: Quarantine?, limits: ReceiveLimits,
        decide: ((ObjectID) throws(GitError) -> ObjectKind?) throws(GitError) -> Bool
    ) throws(GitError) {
        guard let pack = try index(source, in: quarantine, limits: limits), let quarantine, let name = pack.name else {
            _ = try decide { (id) throws(GitError) in try self.objects.header(id)?.kind }
            return
        }
        let checker = try PackChecker(packIndex: "\(quarantine.path)/\(name).idx", store: objects)
        let isWanted = try decide { (id) throws(GitError) in
            if let kind = checker.kind(of: id) { return kind }
            return try self.objects.header(id)?.kind
        }
        if isWanted { try quarantine.accept(pack) }
    }

    private borrowing func index(
        _ source: PackSource, in quarantine: Quarantine?, limits: ReceiveLimits
    ) throws(GitError) -> IndexedPack? {
        guard let quarantine else { return nil }
        switch source {
        case .none: return nil
        case .memory(let bytes):
            var receiver = try PackReceiver(folder: quarantine.path, objects: objects, limits: limits)
            try bytes.span.bytes.withUnsafeBytes { (buffer) throws(GitError) in try receiver.append(buffer) }
            return try receiver.finish()
        case .file(let path):
            var receiver = try PackReceiver(folder: quarantine.path, objects: objects, limits: limits)
            let file = try OwnedDescriptor(path, flags: O_RDONLY)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
            defer { buffer.deallocate() }
            while true {
                let count = read(file.number, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw LibGit2.systemError("read") }
                if count == 0 { break }
                try receiver.append(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
            }
            return try receiver.finish()
        }
    }
}
