import Core
import Foundation
import Glibc

/// Installed dependencies of apps: `<directory>/<app>/<key>/<folder>`, and `…/<key>/<package>/<folder>` for those of packages in
/// folders below. A release whose key is there gets them by hard links, and no package manager is run. Every app has its own;
/// nothing is shared between apps.
struct DependencyCache: Sendable {
    /// What an app keeps; the ones that were used last stay.
    static let keptPerApp = 3

    /// Absolute path; made when it is needed.
    let directory: String

    /// Removes what an earlier server had begun to remove. Before the first build. Blocks.
    func sweep() throws(FileError) { try FolderRemoval.sweep(directory) }

    /// Whether the app keeps something under the key. Blocks.
    func has(_ key: String, app: ID<App>) -> Bool { access("\(directory)/\(app)/\(key)", F_OK) == 0 }

    /// Puts what a step makes into `files`. Returns how many files that are, `nil` when they are not kept or cannot be shared:
    /// then nothing has changed. Blocks.
    func take(
        _ key: String, of reuse: BuildStep.Reuse, app: ID<App>, into files: borrowing FolderHandle, account: UInt32
    ) -> Int? {
        guard let kept = try? FolderHandle(path: "\(directory)/\(app)/\(key)") else { return nil }
        for place in reuse.places {
            guard let package = try? files.folder(place) else { return nil }
            for folder in reuse.folders {
                // What the repository brings itself stays as it is.
                guard (try? package.status(FileName(folder))) == nil else { return nil }
            }
        }
        var link = TreeLink(account: account)
        do throws(FileError) {
            for place in reuse.places {
                // Not every package has such a folder.
                guard let source = try? kept.folder(place) else { continue }
                let target = try files.folder(place)
                for folder in reuse.folders where (try? source.status(FileName(folder))) != nil {
                    try link.link(FileName(folder), from: source, to: target)
                }
            }
        } catch {
            for place in reuse.places {
                let package = ([files.path] + place).joined(separator: "/")
                for folder in reuse.folders { try? FolderRemoval.remove("\(package)/\(folder)") }
            }
            return nil
        }
        // The newest by this time are kept.
        futimens(kept.descriptor, nil)
        return link.files
    }

    /// Keeps the folders that a step has just made in `files`, if it made any, and drops the app's oldest. Blocks.
    func keep(
        _ key: String, of reuse: BuildStep.Reuse, app: ID<App>, from files: borrowing FolderHandle
    ) throws(FileError) {
        let home = "\(directory)/\(app)"
        try FolderCreation.create(home)
        let unfinished = "\(home)/.\(key)-\(UUID().uuidString)"
        guard mkdir(unfinished, 0o700) == 0 else { throw FileError("make folder", unfinished) }
        do throws(FileError) {
            var hasMade = false
            for place in reuse.places {
                let package = ([unfinished] + place).joined(separator: "/")
                hasMade = try keep(reuse.folders, from: files, place: place, in: package) || hasMade
            }
            // A tool that works in another way has put its packages somewhere else.
            guard hasMade else { return try FolderRemoval.remove(unfinished) }
            try FolderRemoval.remove("\(home)/\(key)", by: directory)
            guard rename(unfinished, "\(home)/\(key)") == 0 else { throw FileError("rename", unfinished) }
        } catch {
            try? FolderRemoval.remove(unfinished)
            throw error
        }
        try prune(home)
    }

    /// False when there are none.
    /// - Parameter path: absolute path of the folder that gets them; made when it is needed.
    private func keep(
        _ folders: [String], from files: borrowing FolderHandle, place: [String], in path: String
    ) throws(FileError) -> Bool {
        guard let package = try? files.folder(place) else { return false }
        var hasMade = false
        for folder in folders {
            let name = FileName(folder)
            guard let status = try? package.status(name), status.kind == .folder else { continue }
            try TreeSeal.seal(package.folder(name))
            try FolderCreation.create(path)
            var link = TreeLink(account: 0)
            try link.link(name, from: package, to: FolderHandle(path: path))
            hasMade = true
        }
        return hasMade
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

extension BuildStep.Reuse {
    /// The parts of the ways to the folders that its own are in; none for the one that the step runs in.
    fileprivate var places: [[String]] {
        [[]] + (below ?? []).map { $0.split(separator: "/").map(String.init) }
    }
}
