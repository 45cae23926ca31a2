import Glibc

/// One ref and its value.
package struct Reference: Sendable, Hashable {
    /// Full name, such as `refs/heads/main`.
    package let name: String
    package let id: ObjectID
    /// What an annotated tag comes to in the end: known for packed refs and in snapshots, `nil` otherwise.
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

    /// With more names than this all files of refs are read instead of those of the names.
    private static let scanLimit = 64

    /// All refs below `refs/`, sorted by name. Those that cannot be read are left out.
    package func all() throws(GitError) -> [Reference] { try read().references }

    /// Like `all`, without the platform's own.
    package func visible() throws(GitError) -> [Reference] {
        try all().filter { !$0.name.utf8.starts(with: Self.hiddenPrefix.utf8) }
    }

    /// The value of one ref, `nil` when it does not exist.
    package func value(of name: String) throws(GitError) -> ObjectID? {
        if let id = try loose(name) { return id }
        return try packed()[name]?.id
    }

    /// The values of several refs; those that do not exist are left out.
    package func values(of names: [String]) throws(GitError) -> [String: ObjectID] {
        // Loose before packed: a ref that is packed in between is found in one of the two.
        var values = try looseValues(of: names)
        let packed = try packed()
        for name in names where values[name] == nil { values[name] = packed[name]?.id }
        return values
    }

    /// The values of those refs that have files of their own.
    func looseValues(of names: [String], packed: PackedReferences? = nil) throws(GitError) -> [String: ObjectID] {
        var values: [String: ObjectID] = [:]
        guard names.count > Self.scanLimit else {
            for name in names { values[name] = try loose(name, packed: packed) }
            return values
        }
        // To ask for so many files that mostly are not there takes longer than to look at those that are.
        var stamps: [FileStamp] = []
        for reference in try scan(&stamps) { values[reference.name] = reference.id }
        return values
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
    /// - Parameter packed: what is packed, when that has been read already.
    func loose(_ name: String, packed: PackedReferences? = nil) throws(GitError) -> ObjectID? {
        var name = name
        for _ in 0..<5 {
            guard let bytes = try FileSystem.contents(of: "\(directory)/\(name)") else { return nil }
            if bytes.count >= 40, let id = ObjectID(hex: bytes.prefix(40)) { return id }
            guard let target = Self.symbolicTarget(bytes), ReferenceName.isValid(target) else { return nil }
            if !FileSystem.exists("\(directory)/\(target)") {
                if let packed { return packed[target]?.id }
                return try self.packed()[target]?.id
            }
            name = target
        }
        return nil
    }

    /// What one reading of all refs finds.
    struct Reading {
        var references: [Reference] = []
        /// Whether the entry at an index may be an annotated tag of which nobody has said yet what it comes to.
        var isUnpeeled: [Bool] = []
        /// What was looked at, as it was before it was read.
        var stamps: [FileStamp] = []
    }

    func read() throws(GitError) -> Reading {
        var reading = Reading()
        // Loose before packed: a ref that another program packs in between is found in one of the two.
        var loose = try scan(&reading.stamps)
        loose.sort { $0.name.precedesInBytes($1.name) }
        reading.stamps.append(FileStamp("\(directory)/packed-refs"))
        let packed = try packed()
        guard !loose.isEmpty else {
            reading.references = packed.entries
            reading.isUnpeeled = packed.entries.map { $0.peeled == nil && !packed.isFullyPeeled }
            return reading
        }
        var rest = loose[...]
        func take(_ reference: Reference, _ isUnpeeled: Bool) {
            reading.references.append(reference)
            reading.isUnpeeled.append(isUnpeeled)
        }
        for entry in packed.entries {
            while let first = rest.first, first.name.precedesInBytes(entry.name) {
                take(first, true)
                rest = rest.dropFirst()
            }
            // The file hides the packed value.
            if rest.first?.name != entry.name { take(entry, entry.peeled == nil && !packed.isFullyPeeled) }
        }
        for reference in rest { take(reference, true) }
        return reading
    }

    /// The refs that have files of their own, in no order, and the stamps of the folders that were looked through.
    private func scan(_ stamps: inout [FileStamp]) throws(GitError) -> [Reference] {
        var found: [Reference] = []
        var folders = ["refs"]
        while let folder = folders.popLast() {
            stamps.append(FileStamp("\(directory)/\(folder)"))
            for child in Self.children(of: "\(directory)/\(folder)") {
                let name = "\(folder)/\(child.name)"
                if child.isFolder {
                    folders.append(name)
                } else if let id = try loose(name) {
                    found.append(Reference(name: name, id: id, peeled: nil))
                }
            }
        }
        return found
    }

    /// The names of refs that somebody holds the lock file of.
    func lockedNames() -> Set<String> {
        var found: Set<String> = []
        var folders = ["refs"]
        while let folder = folders.popLast() {
            for child in Self.children(of: "\(directory)/\(folder)", locks: true) {
                let name = "\(folder)/\(child.name)"
                if child.isFolder {
                    folders.append(name)
                } else if name.hasSuffix(".lock") {
                    found.insert(String(name.dropLast(5)))
                }
            }
        }
        return found
    }

    static func symbolicTarget(_ bytes: [UInt8]) -> String? {
        guard bytes.starts(with: "ref:".utf8) else { return nil }
        let rest = bytes.dropFirst(4).drop { $0 == UInt8(ascii: " ") }.prefix { $0 != UInt8(ascii: "\n") }
        return String(validating: rest, as: UTF8.self)
    }

    /// The files and folders in a folder of refs; lock files only when asked for.
    static func children(of path: String, locks: Bool = false) -> [(name: String, isFolder: Bool)] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var children: [(name: String, isFolder: Bool)] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let name, name != ".", name != "..", locks || !name.hasSuffix(".lock") else { continue }
            let kind = Int32(entry.pointee.d_type)
            let isFolder = kind == Int32(DT_UNKNOWN) ? FileSystem.isFolder("\(path)/\(name)") : kind == Int32(DT_DIR)
            children.append((name, isFolder))
        }
        return children
    }
}
