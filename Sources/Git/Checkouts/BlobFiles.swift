import Core
import Glibc

/// Writes blobs as files in one folder, each under its own name.
enum BlobFiles {
    /// Makes the folder. On an error it is removed.
    static func write(
        _ blobs: Set<BlobID>, to directory: String, limits: CheckoutLimits, allowance: ReleaseAllowance,
        _ repository: borrowing Repository
    ) throws(GitError) {
        try FileSystem.makeFolder(directory)
        do throws(GitError) {
            let folder = try OpenFile(directory, flags: O_RDONLY | O_DIRECTORY)
            var writer = FileWriter(account: nil, limits: limits, allowance: allowance)
            var stream = try BlobStream(repository.packs.packs(in: "\(repository.directory)/objects/pack"))
            for blob in blobs {
                guard let id = ObjectID(blob.rawValue) else { continue }
                let entry = CheckoutEntry(name: Array(blob.rawValue.utf8), kind: .file, id: id)
                try writer.write(entry, in: folder, repository, &stream)
            }
        } catch {
            FileSystem.removeTree(directory)
            throw error
        }
    }
}
