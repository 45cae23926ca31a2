import CGit2
import Glibc

extension Repository {
    /// Deltas on deltas on deltas: what is read often should not be far from a whole object.
    private static let deltaDepth = 50
    /// For new deltas. A repository can be made such that to find them all takes hours, and others wait.
    private static let deltaTime = Duration.seconds(30)

    /// Writes objects that are in `packs` or loose into one new pack. Returns its name; nothing else has changed then.
    /// - Parameter time: what the pack counts as being from, seconds since 1970; `nil`: now.
    borrowing func writePack(
        _ objects: [ObjectID], from packs: [OpenPack], time: Int? = nil
    ) throws(GitError) -> String {
        let end = ContinuousClock.now + Self.deltaTime
        let style = PackStyle(
            deltaDepth: Self.deltaDepth, level: 6, verifies: true,
            newBases: LaterVersions(of: objects, until: end, in: self).bases, newDeltasEnd: end)
        let assembly = PackAssembly(
            PackSelection(all: objects), packs: PackSet(packs), style: style, folder: "\(directory)/objects",
            limit: .max)
        let assembled = try assembly.assembleWithPlaces(self)
        let quarantine = try Quarantine(in: directory)
        let file = try quarantine.openBody(isNew: true)
        var reader = assembled.pack.reader()
        while !reader.isAtEnd { try FileSystem.write(try reader.read(1 << 20), to: file.number) }

        let (entries, trailer) = try Self.entries(of: quarantine.body, assembled.places)
        let index = try quarantine.makeIndex()
        try PackIndexWriter.write(entries, trailer: trailer, to: index)
        if let time {
            let stamp = timespec(tv_sec: time, tv_nsec: 0)
            for file in [file, index] {
                guard futimens(file.number, [stamp, stamp]) == 0 else { throw LibGit2.systemError("futimens") }
            }
        }
        let pack = try quarantine.seal(file, index, trailer: trailer)
        try pack.accept()
        return pack.name
    }

    /// What goes into the index of a pack that was just written.
    private static func entries(
        of path: String, _ places: [ObjectID: Int]
    ) throws(GitError) -> (entries: [PackEntry], trailer: ObjectID) {
        let file = try MappedFile(path)
        let end = file.bytes.count - ObjectID.byteCount
        let order = places.sorted { $0.value < $1.value }
        var entries: [PackEntry] = []
        entries.reserveCapacity(order.count)
        for (index, place) in order.enumerated() {
            let next = index + 1 < order.count ? order[index + 1].value : end
            var entry = PackEntry(offset: place.value)
            entry.id = place.key
            entry.crc = UInt32(
                truncatingIfNeeded: PackInput.crc(0, UnsafeRawBufferPointer(rebasing: file.bytes[place.value..<next])))
            entries.append(entry)
        }
        return (entries, ObjectID(file.bytes, at: end))
    }
}
