import CGit2
import Glibc

/// A pack that has been indexed in quarantine.
struct IndexedPack: Sendable {
    /// `pack-<hash>`; `nil` when the pack had no objects, so that nothing is kept of it.
    let name: String?
}

/// Takes the bytes of one pack, writes them to a folder and indexes them under limits. Checks of what the objects say are
/// `PackChecker`'s.
struct PackReceiver: ~Copyable {
    private static let headerSize = 12
    private static let trailerSize = 20

    private let indexer: OpaquePointer
    private let guardian: UnsafeMutablePointer<IndexGuard>
    private var header: [UInt8] = []
    private var size = 0
    private var objectCount = 0

    /// - Parameters:
    ///   - folder: where the pack and its index are written.
    ///   - objects: where a thin pack's bases are looked for.
    init(folder: String, objects: borrowing ObjectDatabase, limits: ReceiveLimits) throws(GitError) {
        let guardian = UnsafeMutablePointer<IndexGuard>.allocate(capacity: 1)
        guardian.initialize(to: IndexGuard(limits: limits, deadline: .now + .seconds(limits.indexSeconds)))
        var options = git_indexer_options()
        git_indexer_options_init(&options, UInt32(GIT_INDEXER_OPTIONS_VERSION))
        options.progress_cb = { progress, context in
            guard let progress, let context else { return -1 }
            return context.assumingMemoryBound(to: IndexGuard.self).pointee.allows(progress.pointee) ? 0 : -1
        }
        options.progress_cb_payload = UnsafeMutableRawPointer(guardian)
        var indexer: OpaquePointer?
        let status = objects.withPointer { git_indexer_new(&indexer, folder, 0, $0, &options) }
        guard status >= 0, let indexer else {
            guardian.deinitialize(count: 1)
            guardian.deallocate()
            throw LibGit2.lastError(status, "git_indexer_new")
        }
        self.indexer = indexer
        self.guardian = guardian
    }

    deinit {
        git_indexer_free(indexer)
        guardian.deinitialize(count: 1)
        guardian.deallocate()
    }

    /// Takes the next bytes, in pieces of any size.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(GitError) {
        size += bytes.count
        if header.count < Self.headerSize {
            header += bytes.prefix(Self.headerSize - header.count)
            if header.count == Self.headerSize { try readHeader() }
        }
        try check(git_indexer_append(indexer, bytes.baseAddress, bytes.count, &guardian.pointee.progress))
    }

    /// Resolves the deltas and writes the index, once all bytes are there.
    mutating func finish() throws(GitError) -> IndexedPack {
        guard header.count == Self.headerSize else { throw Self.damaged("it ends early") }
        if objectCount == 0 {
            guard size == Self.headerSize + Self.trailerSize else { throw Self.damaged("bytes follow its end") }
            return IndexedPack(name: nil)
        }
        try check(git_indexer_commit(indexer, &guardian.pointee.progress))
        guard let name = git_indexer_name(indexer) else { throw Self.damaged("it has no name") }
        return IndexedPack(name: "pack-" + String(cString: name))
    }

    /// The count is refused before the library reserves memory for it.
    private mutating func readHeader() throws(GitError) {
        guard header.starts(with: "PACK".utf8) else { throw Self.damaged("it does not begin like one") }
        objectCount = header[8..<12].reduce(0) { $0 << 8 | Int($1) }
        guard objectCount <= guardian.pointee.limits.objects else {
            throw GitError(
                .tooLarge, "the pack has \(objectCount) objects; at most \(guardian.pointee.limits.objects) are taken",
                operation: "index")
        }
    }

    private func check(_ status: Int32) throws(GitError) {
        guard status < 0 else { return }
        if let refusal = guardian.pointee.refusal {
            git_error_clear()
            throw GitError(.tooLarge, refusal, operation: "index")
        }
        let kind = git_error_last()?.pointee.klass
        let error = LibGit2.lastError(status, "git_indexer")
        if kind == Int32(GIT_ERROR_OS.rawValue) || kind == Int32(GIT_ERROR_FILESYSTEM.rawValue)
            || kind == Int32(GIT_ERROR_NOMEMORY.rawValue)
        {
            throw error
        }
        throw Self.damaged(ShownText.of(error.message, limit: 200))
    }

    private static func damaged(_ how: String) -> GitError {
        GitError(.refused, "the pack is damaged: \(how)", operation: "index")
    }
}

/// Watches the indexer from its progress callback.
private struct IndexGuard {
    let limits: ReceiveLimits
    let deadline: ContinuousClock.Instant
    var progress = git_indexer_progress()
    /// Why the indexer was stopped.
    var refusal: String?
    private var calls = 0

    init(limits: ReceiveLimits, deadline: ContinuousClock.Instant) {
        self.limits = limits
        self.deadline = deadline
    }

    mutating func allows(_ progress: git_indexer_progress) -> Bool {
        calls += 1
        if progress.local_objects > limits.thinBases {
            refusal = "the pack leaves out more than \(limits.thinBases) objects that its deltas need"
        } else if calls % 256 == 0, ContinuousClock.now > deadline {
            refusal = "indexing the pack takes longer than \(limits.indexSeconds) seconds"
        }
        return refusal == nil
    }
}
