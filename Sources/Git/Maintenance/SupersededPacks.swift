import Glibc

/// The packs whose objects are in newer ones, and since when: written down in the repository, so that they go after a
/// restart as well.
struct SupersededPacks {
    struct Entry {
        /// Since when, seconds since 1970.
        let time: Int
        /// The pack that holds all its objects; `nil` when no single one does.
        var successor: String?
    }

    /// Of the file, in a repository.
    static let path = "objects/\(name)"
    /// Of the file, in the repository's folder of objects.
    static let name = "info/berth-superseded"

    private let objects: String
    /// By the packs' names.
    private(set) var entries: [String: Entry]

    /// - Parameter objects: the repository's folder of objects.
    init(in objects: String) throws(GitError) {
        self.objects = objects
        entries = try Self.read(in: objects).filter { FileSystem.exists("\(objects)/pack/\($0.key).idx") }
    }

    /// All that is written down, also of packs that are gone. A line is a name, a time and, where there is one, the successor.
    static func read(in objects: String) throws(GitError) -> [String: Entry] {
        guard let bytes = try FileSystem.contents(of: "\(objects)/\(name)") else { return [:] }
        var entries: [String: Entry] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            guard (2...3).contains(parts.count), let time = Int(parts[1]), parts[0].hasPrefix(prefix),
                !parts[0].utf8.contains(UInt8(ascii: "/"))
            else { continue }
            entries[parts[0]] = Entry(time: time, successor: parts.count == 3 ? parts[2] : nil)
        }
        return entries
    }

    func contains(_ name: String) -> Bool { entries[name] != nil }

    /// - Parameter packs: each with the pack that holds all its objects, `nil` when no single one does.
    mutating func add(_ packs: [(name: String, successor: String?)], at time: Int) throws(GitError) {
        guard !packs.isEmpty else { return }
        for pack in packs {
            // What is true of a pack's objects is true of its name only when that is made of them.
            let isHash = ObjectID(String(pack.name.dropFirst(Self.prefix.count))) != nil
            entries[pack.name] = Entry(time: time, successor: isHash ? pack.successor : nil)
        }
        // The same pack may have been made, and replaced, before.
        for case let successor? in packs.map(\.successor) { entries[successor] = nil }
        // What was put into one of these packs lies in its successor now.
        for (name, entry) in entries {
            guard let next = entry.successor.flatMap({ entries[$0]?.successor }) else { continue }
            entries[name]?.successor = next
        }
        try write()
    }

    /// Counts packs as needed again, or as gone.
    mutating func remove(_ names: [String]) throws(GitError) {
        guard !names.isEmpty else { return }
        for name in names { entries[name] = nil }
        try write()
    }

    /// Removes a pack's files, the index first: without it the pack is none to any git program.
    func unlinkFiles(of name: String) {
        for suffix in [".idx", ".rev", ".bitmap", ".mtimes", ".pack"] { unlink("\(objects)/pack/\(name)\(suffix)") }
    }

    private static let prefix = "pack-"

    private func write() throws(GitError) {
        var text = ""
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            text += "\(name) \(entry.time)"
            if let successor = entry.successor { text += " \(successor)" }
            text += "\n"
        }
        if !FileSystem.isFolder("\(objects)/info") { try FileSystem.makeFolder("\(objects)/info") }
        try FileSystem.replace("\(objects)/\(Self.name)", text)
    }
}
