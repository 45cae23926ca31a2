/// A delta that no stored pack has.
enum NewDelta {
    /// Bytes of the smallest object for which one is made: with less there is nothing to save.
    private static let smallest = 48
    /// Bytes by which an entry is to become smaller; a delta is more work for who reads it.
    private static let gain = 16
    /// So many times the other's size and more has nothing to do with it.
    private static let likeness = 32

    /// The compressed instructions, and how many bytes those are; `nil` when they would not take clearly less than `size` bytes.
    ///
    /// Throws when an object cannot be read or is not what its name says: a delta on damaged bytes would spread the damage to what
    /// is sound.
    static func make(
        of id: ObjectID, on base: ObjectID, below size: Int, level: Int32, _ repository: borrowing Repository
    ) throws(GitError) -> (bytes: [UInt8], count: Int)? {
        guard size > gain, let kind = try kind(id, base, repository) else { return nil }
        return try repository.objects.read(base, as: kind) { (old) throws(GitError) in
            try repository.objects.read(id, as: kind) { (new) throws(GitError) in
                // What is not found in the base is compressed to a third, about, as the whole is.
                guard let delta = DeltaEncoder.delta(from: old, to: new, limit: new.count * 3 / 4) else { return nil }
                let bytes = try delta.span.bytes.withUnsafeBytes { (delta) throws(GitError) in
                    try ZlibDeflater.deflated(delta, level: level)
                }
                guard bytes.count + PackEntryHeader.maximumByteCount / 4 + gain <= size else { return nil }
                guard try ObjectHasher.hash(old, kind) == base, try ObjectHasher.hash(new, kind) == id else {
                    throw OpenPack.damaged
                }
                return (bytes, delta.count)
            }
        }
    }

    /// Whether two objects are of one kind, and of sizes that do not speak against one being a version of the other. Throws when
    /// one cannot be read.
    static func areLike(
        _ one: ObjectID, _ other: ObjectID, _ repository: borrowing Repository
    ) throws(GitError) -> Bool {
        guard let one = try repository.objects.header(one), let other = try repository.objects.header(other) else {
            return false
        }
        return one.kind == other.kind && max(one.size, other.size) / likeness <= min(one.size, other.size)
    }

    /// Of which kind both are; `nil` when no delta is to be made. Large files are read piece by piece, which a delta cannot be.
    private static func kind(
        _ id: ObjectID, _ base: ObjectID, _ repository: borrowing Repository
    ) throws(GitError) -> ObjectKind? {
        guard try areLike(id, base, repository), let new = try repository.objects.header(id),
            let old = try repository.objects.header(base), min(new.size, old.size) >= smallest,
            max(new.size, old.size) < BlobStream.leastBytes
        else { return nil }
        return new.kind
    }
}
