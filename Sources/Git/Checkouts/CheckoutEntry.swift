/// One entry of a tree, kept while its folder is filled.
struct CheckoutEntry {
    let name: [UInt8]
    let kind: TreeReader.Kind
    let id: ObjectID

    /// Reads a tree's entries and refuses names that no file may have.
    static func all(
        of tree: ObjectID, in repository: borrowing Repository
    ) throws(GitError) -> [CheckoutEntry] {
        try repository.objects.read(tree, as: .tree) { (bytes) throws(GitError) in
            var entries: [CheckoutEntry] = []
            var reader = TreeReader(bytes)
            while let entry = try reader.next() {
                guard let kind = entry.kind else { throw unusable(entry, "has a bad mode") }
                if let fault = TreeRules.fault(name: entry.name) { throw unusable(entry, fault) }
                entries.append(CheckoutEntry(name: Array(entry.name), kind: kind, id: entry.id))
            }
            return entries
        }
    }

    private static func unusable(_ entry: TreeReader.Entry, _ what: String) -> GitError {
        GitError(.unusable, "the entry \"\(ShownText.of(entry.text))\" \(what)", operation: "checkout")
    }
}
