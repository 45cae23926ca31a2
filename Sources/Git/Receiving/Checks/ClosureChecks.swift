/// What is checked once all objects of a pack are known: that what they refer to is there, that none differs from one of
/// the same name in the store, how deep folders lie, and the contents of files that git reads.
///
/// A repository keeps the rule that with an object all that it refers to is there too. So the closure of a new tip is
/// whole when every new object's own references are found in the pack or in the store.
struct ClosureChecks {
    let objects: ReceivedObjects
    /// Whether the store holds the very same pack, so that its objects need not be compared.
    let isKnown: Bool
    /// The folder of the store's packs.
    let packs: String

    func run(
        _ contents: inout ObjectContents, _ store: borrowing ObjectDatabase
    ) throws(GitError) {
        for record in objects.table.records {
            try objects.tick()
            try checkUses(record, store)
        }
        try objects.shape.check(objects, store)
        for record in objects.special { try checkContent(objects.table.records[record], &contents, store) }
        guard !isKnown else { return }
        var stored: BlobStream?
        for entry in 0..<objects.count {
            try objects.tick()
            try compare(UInt32(entry), &contents, store, &stored)
        }
    }

    private func checkUses(_ record: ObjectTable.Record, _ store: borrowing ObjectDatabase) throws(GitError) {
        let uses = record.uses.intersection([.commit, .tree, .blob, .tag])
        guard !uses.isEmpty else { return }
        var kind = record.kind
        if kind == nil { kind = try storedKind(record, uses, store) }
        if kind == nil, objects.refreshOnce(store) { kind = try storedKind(record, uses, store) }
        guard let kind else {
            throw GitError(
                .refused, "\(Self.name(uses)) \(record.id) is missing: the push refers to it and does not bring it",
                operation: "connectivity")
        }
        guard uses == ObjectTable.Uses(kind) else {
            throw FsckRule.wrongType.refusal(
                kind.rawValue, record.id, "it is used as a \(Self.name(uses.subtracting(ObjectTable.Uses(kind))))")
        }
    }

    private func storedKind(
        _ record: ObjectTable.Record, _ uses: ObjectTable.Uses, _ store: borrowing ObjectDatabase
    ) throws(GitError) -> ObjectKind? {
        // A blob's kind is not read from the store: it would cost a look at each unchanged file of a folder.
        if uses == .blob, !record.uses.contains(.exactly) { return try store.contains(record.id) ? .blob : nil }
        return try store.header(record.id)?.kind
    }

    private static func name(_ uses: ObjectTable.Uses) -> String {
        for kind: ObjectKind in [.commit, .tree, .tag] where uses.contains(ObjectTable.Uses(kind)) {
            return kind.rawValue
        }
        return ObjectKind.blob.rawValue
    }

    /// Checks a file that git reads, also one that was there before and is only now named so.
    private func checkContent(
        _ record: ObjectTable.Record, _ contents: inout ObjectContents, _ store: borrowing ObjectDatabase
    ) throws(GitError) {
        let isNew = record.entry != ObjectTable.noEntry && record.entry < UInt32(objects.count)
        let size = isNew ? try contents.size(of: record.entry) : try store.header(record.id)?.size ?? 0
        if record.uses.contains(.modules), size > ModulesRules.sizeLimit {
            throw FsckRule.gitmodulesLarge.refusal("blob", record.id, ".gitmodules is too large to read")
        }
        if record.uses.contains(.attributes), size > AttributesRules.sizeLimit {
            throw FsckRule.gitattributesLarge.refusal("blob", record.id, ".gitattributes is too large to read")
        }
        func check(_ bytes: UnsafeRawBufferPointer) throws(GitError) {
            if record.uses.contains(.modules) { try ModulesRules.check(bytes, id: record.id) }
            if record.uses.contains(.attributes) { try AttributesRules.check(bytes, id: record.id) }
        }
        try objects.checkBounds(size)
        try objects.spendAgain(size)
        try objects.tick()
        if isNew {
            try contents.content(of: record.entry, store).withBytes(check)
        } else {
            try store.read(record.id, as: .blob, check)
        }
    }

    /// An object that the store has already must be the same one: otherwise somebody has found a hash collision.
    private func compare(
        _ index: UInt32, _ contents: inout ObjectContents, _ store: borrowing ObjectDatabase,
        _ blobs: inout BlobStream?
    ) throws(GitError) {
        let entry = objects.entries[Int(index)]
        guard let kind = entry.kind, try store.contains(entry.id) else { return }
        let isSame: Bool
        if let header = try store.header(entry.id), try header == (kind, contents.size(of: index)) {
            if kind == .blob, !entry.isDelta, header.size >= BlobStream.leastBytes {
                if blobs == nil { blobs = try BlobStream(PackCache(limit: 0).packs(in: packs)) }
                if let isSame = try compareLarge(index, header.size, &contents, &blobs) {
                    if !isSame { throw Self.collision(kind, entry.id) }
                    return
                }
            }
            isSame = try store.read(entry.id) { (_, stored) throws(GitError) in
                try contents.equals(index, stored, store)
            }
        } else {
            isSame = false
        }
        guard isSame else { throw Self.collision(kind, entry.id) }
    }

    /// Compares two large blobs of one size piece by piece; `nil` when the stored one cannot be read so.
    private func compareLarge(
        _ index: UInt32, _ size: Int, _ contents: inout ObjectContents, _ blobs: inout BlobStream?
    ) throws(GitError) -> Bool? {
        try objects.spendAgain(size)
        contents.beginComparison(of: index)
        var isSame = true
        let isRead = try blobs?.read(objects.entries[Int(index)].id) { (piece) throws(GitError) in
            try objects.checkTime()
            if isSame { isSame = try contents.continues(with: piece) }
        }
        return isRead == true ? isSame : nil
    }

    private static func collision(_ kind: ObjectKind, _ id: ObjectID) -> GitError {
        FsckRule.collision.refusal(kind.rawValue, id, "it collides with a different one of the same name")
    }
}
