import Glibc

/// One ref and its value.
package struct Reference: Sendable, Hashable {
    /// Full name, such as `refs/heads/main`.
    package let name: String
    package let id: ObjectID
    /// What an annotated tag comes to in the end: known for packed refs, `nil` otherwise.
    package let peeled: ObjectID?

    package init(name: String, id: ObjectID, peeled: ObjectID?) {
        self.name = name
        self.id = id
        self.peeled = peeled
    }
}

/// The refs of a repository as they stand on disk, read anew at each call so that other git programs' changes are seen
/// at once.
package struct References: Sendable {
    /// Refs under this prefix are the platform's own: hidden from clients, not to be pushed.
    package static let hiddenPrefix = "refs/berth/"

    /// Absolute path of the bare repository.
    let directory: String

    /// All refs below `refs/`, sorted by name. Those that cannot be read are left out.
    package func all() throws(GitError) -> [Reference] {
        let packed = try packed()
        var found: [String: Reference] = [:]
        found.reserveCapacity(packed.entries.count)
        for (name, entry) in packed.entries {
            found[name] = Reference(name: name, id: entry.id, peeled: entry.peeled)
        }
        var folders = ["refs"]
        while let folder = folders.popLast() {
            for child in FileSystem.names(in: "\(directory)/\(folder)") where !child.hasSuffix(".lock") {
                let name = "\(folder)/\(child)"
                if let id = try loose(name) {
                    found[name] = Reference(name: name, id: id, peeled: nil)
                } else if FileSystem.isFolder("\(directory)/\(name)") {
                    folders.append(name)
                }
            }
        }
        return found.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Like `all`, without the platform's own.
    package func visible() throws(GitError) -> [Reference] {
        try all().filter { !$0.name.hasPrefix(Self.hiddenPrefix) }
    }

    /// The value of one ref, `nil` when it does not exist.
    package func value(of name: String) throws(GitError) -> ObjectID? {
        if let id = try loose(name) { return id }
        return try packed().entries[name]?.id
    }

    /// The ref that HEAD points to; `nil` when it is detached or unreadable.
    package func head() throws(GitError) -> String? {
        guard let bytes = try FileSystem.contents(of: "\(directory)/HEAD") else { return nil }
        return Self.symbolicTarget(bytes)
    }

    package func setHead(_ name: String) throws(GitError) {
        try FileSystem.replace("\(directory)/HEAD", "ref: \(name)\n")
    }

    func packed() throws(GitError) -> PackedReferences {
        try FileSystem.contents(of: "\(directory)/packed-refs").map(PackedReferences.init) ?? PackedReferences()
    }

    /// The value in the ref's own file; a symbolic one is followed up to five times, as git does.
    func loose(_ name: String) throws(GitError) -> ObjectID? {
        var name = name
        for _ in 0..<5 {
            guard let bytes = try FileSystem.contents(of: "\(directory)/\(name)") else { return nil }
            if bytes.count >= 40, let id = ObjectID(hex: bytes.prefix(40)) { return id }
            guard let target = Self.symbolicTarget(bytes), ReferenceName.isValid(target) else { return nil }
            if !FileSystem.exists("\(directory)/\(target)") { return try packed().entries[target]?.id }
            name = target
        }
        return nil
    }

    static func symbolicTarget(_ bytes: [UInt8]) -> String? {
        guard bytes.starts(with: "ref:".utf8) else { return nil }
        let rest = bytes.dropFirst(4).drop { $0 == UInt8(ascii: " ") }.prefix { $0 != UInt8(ascii: "\n") }
        return String(validating: rest, as: UTF8.self)
    }
}
