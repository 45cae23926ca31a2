import Core
import Foundation
import Glibc

/// Installed dependencies of apps: `<directory>/<app>/<key>/<folder>`. A release whose key is there gets them by hard links,
/// and no package manager is run. Every app has its own; nothing is shared between apps.
struct DependencyCache: Sendable {
    /// What an app keeps; the ones that were used last stay.
    static let keptPerApp = 3

    /// Absolute path; made when it is needed.
    let directory: String

    /// Removes what an earlier server had begun to remove. Before the first build. Blocks.
    func sweep() throws(FileError) { try FolderRemoval.sweep(directory) }

    /// Whether the app keeps something under the key. Blocks.
    func has(_ key: String, app: ID<App>) -> Bool { access("\(directory)/\(app)/\(key)", F_OK) == 0 }

    /// Puts the folders into `files`. Returns how many files that are, `nil` when they are not kept or cannot be shared:
    /// then nothing has changed. Blocks.
    func take(
        _ key: String, folders: [String], app: ID<App>, into files: borrowing FolderHandle, account: UInt32
    ) -> Int? {
        guard let kept = try? FolderHandle(path: "\(directory)/\(app)/\(key)") else { return nil }
        var link = TreeLink(account: account)
        for folder in folders {
            let name = FileName(folder)
            // What the repository brings itself stays as it is.
            guard (try? files.status(name)) == nil else { return nil }
        }
        for folder in folders where (try? kept.status(FileName(folder))) != nil {
            do throws(FileError) {
                try link.link(FileName(folder), from: kept, to: files)
            } catch {
                for made in folders { try? FolderRemoval.remove("\(files.path)/\(made)") }
                return nil
            }
        }
        // The newest by this time are kept.
        futimens(kept.descriptor, nil)
        return link.files
    }

    /// Keeps the folders that a step has just made in `files`, and drops the app's oldest. Blocks.
    func keep(
        _ key: String, folders: [String], app: ID<App>, from files: borrowing FolderHandle
    ) throws(FileError) {
        let home = "\(directory)/\(app)"
        try FolderCreation.create(home)
        let unfinished = "\(home)/.\(key)-\(UUID().uuidString)"
        guard mkdir(unfinished, 0o700) == 0 else { throw FileError("make folder", unfinished) }
        do throws(FileError) {
            let target = try FolderHandle(path: unfinished)
            var link = TreeLink(account: 0)
            for folder in folders {
                let name = FileName(folder)
                guard let status = try? files.status(name), status.kind == .folder else { continue }
                try TreeSeal.seal(files.folder(name))
                try link.link(name, from: files, to: target)
            }
            try FolderRemoval.remove("\(home)/\(key)", by: directory)
            guard rename(unfinished, "\(home)/\(key)") == 0 else { throw FileError("rename", unfinished) }
        } catch {
            try? FolderRemoval.remove(unfinished)
            throw error
        }
        try prune(home)
    }

    /// Removes all that an app keeps. Blocks.
    func remove(_ app: ID<App>) throws(FileError) { try FolderRemoval.remove("\(directory)/\(app)", by: directory) }

    private func prune(_ home: String) throws(FileError) {
        let folder = try FolderHandle(path: home)
        var kept: [(name: FileName, seconds: Int, nanoseconds: Int)] = []
        for name in try folder.entries() {
            let status = try folder.status(name)
            kept.append((name, status.modifiedSeconds, status.modifiedNanoseconds))
        }
        kept.sort { ($0.seconds, $0.nanoseconds) > ($1.seconds, $1.nanoseconds) }
        for old in kept.dropFirst(Self.keptPerApp) {
            try FolderRemoval.remove("\(home)/\(old.name)", by: directory)
        }
    }
}
