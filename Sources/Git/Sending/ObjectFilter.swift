/// Which objects a partial clone leaves out (git-rev-list(1), `--filter`).
package enum ObjectFilter: Sendable, Hashable {
    /// No files.
    case blobNone
    /// No files of so many bytes or more.
    case blobLimit(Int)
    /// No trees and files so many levels or more below a commit's tree; zero: none at all.
    case treeDepth(Int)
    /// What each of them lets pass.
    case combine([ObjectFilter])
}
