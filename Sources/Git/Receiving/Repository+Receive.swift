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
    /// Indexes and checks a pack in quarantine, and keeps it when `decide` says so. Returns after the objects are
    /// durable; a pack that is not kept leaves nothing behind.
    /// - Parameter decide: gets a function that says of which kind an object is, new or old, `nil` when it is nowhere.
    package borrowing func receive(
        _ source: PackSource, limits: ReceiveLimits,
        decide: ((ObjectID) throws(GitError) -> ObjectKind?) throws(GitError) -> Bool
    ) throws(GitError) {
        let quarantine: Quarantine
        switch source {
        case .none:
            _ = try decide { (id) throws(GitError) in try self.objects.header(id)?.kind }
            return
        case .memory: quarantine = try Quarantine(in: directory)
        case .file(_, let existing): quarantine = existing
        }
        let pack = try index(source, in: quarantine.path, limits: limits)
        guard let name = pack.name else {
            _ = try decide { (id) throws(GitError) in try self.objects.header(id)?.kind }
            return
        }
        let checker = try PackChecker(
            packIndex: "\(quarantine.path)/\(name).idx", store: objects, limits: limits)
        let isWanted = try decide { (id) throws(GitError) in
            if let kind = checker.kind(of: id) { return kind }
            return try self.objects.header(id)?.kind
        }
        if isWanted { try quarantine.accept(pack) }
    }

    private borrowing func index(
        _ source: PackSource, in folder: String, limits: ReceiveLimits
    ) throws(GitError) -> IndexedPack {
        var receiver = try PackReceiver(folder: folder, objects: objects, limits: limits)
        switch source {
        case .none: break
        case .memory(let bytes):
            try bytes.span.bytes.withUnsafeBytes { (buffer) throws(GitError) in try receiver.append(buffer) }
        case .file(let path, _):
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
        }
        return try receiver.finish()
    }
}
