/// The rules that a received object can break, by the names that git-fsck(1) gives them. All that git refuses under
/// `receive.fsckObjects` is refused; the last group is ours.
enum FsckRule: String, Sendable, CaseIterable {
    // Headers of commits and tags.
    case nulInHeader, unterminatedHeader, nulInCommit
    case missingTree, badTreeSha1, badParentSha1, missingAuthor, multipleAuthors, missingCommitter
    case missingObject, badObjectSha1, missingTypeEntry, missingType, badType, missingTagEntry, missingTag
    case missingNameBeforeEmail, badName, missingEmail, missingSpaceBeforeEmail, badEmail
    case missingSpaceBeforeDate, zeroPaddedDate, badDateOverflow, badDate, badTimezone
    // Trees.
    case badTree, treeNotSorted, duplicateEntries, nullSha1, fullPathname, emptyName, hasDot, hasDotdot, hasDotgit
    case zeroPaddedFilemode, badFilemode
    // Files that git itself reads.
    case gitmodulesSymlink, gitmodulesBlob, gitmodulesLarge, gitmodulesName, gitmodulesUrl, gitmodulesPath
    case gitmodulesUpdate, gitattributesBlob, gitattributesLarge, gitattributesLineLength
    // Files that git reads too; its default is only to note these two (docs/GIT.md).
    case gitattributesSymlink, mailmapSymlink
    // Ours: names and folders that no disk would take, and what the closure of a push must be.
    case largePathname, deepTree, duplicateObject, wrongType, collision

    /// The error that names the object and the rule.
    func refusal(_ kind: String, _ id: ObjectID, _ what: String) -> GitError {
        GitError(.refused, "\(kind) \(id): \(rawValue): \(what)", operation: "fsck")
    }
}
