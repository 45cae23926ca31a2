import Glibc

/// The packs whose objects are in newer ones, and since when: written down in the repository, so that they go after a
/// restart as well.
struct SupersededPacks {
    /// Of the file, in a repository.
    static let path = "objects/\(name)"
    private static let name = "info/berth-superseded"

    private let objects: String
    private(set) var times: [String: Int] = [:]

    /// - Parameter objects: the repository's folder of objects.
    init(in objects: String) throws(GitError) {
        self.objects = objects
        guard let bytes = try FileSystem.contents(of: "\(objects)/\(Self.name)") else { return }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let time = Int(parts[1]), parts[0].hasPrefix("pack-"), !parts[0].contains("/")
            else { continue }
            let name = String(parts[0])
            if FileSystem.exists("\(objects)/pack/\(name).idx") { times[name] = time }
        }
    }

    func contains(_ name: String) -> Bool { times[name] != nil }

    mutating func add(_ names: [String], at time: Int) throws(GitError) {
        guard !names.isEmpty else { return }
        for name in names { times[name] = time }
        try write()
    }

    /// Counts packs as needed again, or as gone.
    mutating func remove(_ names: [String]) throws(GitError) {
        guard !names.isEmpty else { return }
        for name in names { times[name] = nil }
        try write()
    }

    /// Removes a pack's files, the index first: without it the pack is none to any git program.
    func unlinkFiles(of name: String) {
        for suffix in [".idx", ".rev", ".bitmap", ".mtimes", ".pack"] { unlink("\(objects)/pack/\(name)\(suffix)") }
    }

    private func write() throws(GitError) {
        let text = times.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
        if !FileSystem.isFolder("\(objects)/info") { try FileSystem.makeFolder("\(objects)/info") }
        try FileSystem.replace("\(objects)/\(Self.name)", text)
    }
}
