import Glibc

/// A pack that a helper is to read: all that it gets to read and write, opened.
struct LargePack: Sendable {
    let quarantine: Quarantine
    /// The pack as it came; the helper completes it.
    let body: OpenFile
    /// Empty; the helper writes it.
    let index: OpenFile
    /// The folder of the repository's objects.
    let objects: OpenFile

    init(in quarantine: Quarantine, of directory: String) throws(GitError) {
        self.quarantine = quarantine
        body = try quarantine.openBody(isNew: false)
        index = try quarantine.makeIndex()
        objects = try OpenFile("\(directory)/objects", flags: O_RDONLY | O_DIRECTORY)
    }

    init(quarantine: Quarantine, body: OpenFile, index: OpenFile, objects: OpenFile) {
        self.quarantine = quarantine
        self.body = body
        self.index = index
        self.objects = objects
    }
}
