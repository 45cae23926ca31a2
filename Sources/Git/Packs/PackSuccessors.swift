/// Which packs need not be asked for an object, because another one holds all of theirs: as maintenance wrote it down when
/// it had put them together (`SupersededPacks`).
///
/// A pack's name is made of its content, so that the one holds all of the other stays true whatever becomes of the list;
/// that the one is there must be seen each time.
struct PackSuccessors: Sendable {
    private let names: [String: String]
    /// `nil` when the list was so young that a later change might leave it as it is.
    private let stamp: FileStamp?

    /// - Parameter objects: a repository's folder of objects. A list that cannot be read is an empty one.
    init(in objects: String) {
        let moment = FileStamp.now()
        let stamp = FileStamp("\(objects)/\(SupersededPacks.name)")
        names = ((try? SupersededPacks.read(in: objects)) ?? [:]).compactMapValues(\.successor)
        self.stamp = stamp.isSettled(at: moment) ? stamp : nil
    }

    /// Whether another reading would find the same.
    var isCurrent: Bool { stamp?.isCurrent == true }

    /// The pack that holds all objects of the one of that name; `nil` when none is known to.
    subscript(name: String) -> String? { names[name] }
}
