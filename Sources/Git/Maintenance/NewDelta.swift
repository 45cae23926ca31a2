/// A delta that no stored pack has.
enum NewDelta {
    /// Bytes of the largest objects for which one is made: both are in memory, and what is larger seldom is text.
    private static let largest = 8 << 20
    /// Bytes of the smallest: with less there is nothing to save.
    private static let smallest = 48
    /// Bytes by which an entry is to become smaller; a delta is more work for who reads it.
    private static let gain = 16

    /// The compressed instructions, and how many bytes those are; `nil` when they would not take clearly less than `size` bytes.
    ///
    /// Both objects must be what their names say: a delta on damaged bytes would spread the damage to what is sound. Throws
    /// otherwise.
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

    /// Of which kind both are; `nil` when they are of two, or not of a size that a delta is made for.
    private static func kind(
        _ id: ObjectID, _ base: ObjectID, _ repository: borrowing Repository
    ) throws(GitError) -> ObjectKind? {
        guard let new = try repository.objects.header(id), let old = try repository.objects.header(base),
            new.kind == old.kind, (smallest...largest).contains(new.size), (smallest...largest).contains(old.size)
        else { return nil }
        return new.kind
    }
}
