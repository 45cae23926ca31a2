import Core
import Foundation
import Glibc

/// Folders that an app's builds leave to its later ones: what a package manager has downloaded, what a compiler can use
/// again. What is in them may be out of date or missing; nothing relies on it. Every app has its own.
///
/// `<directory>/apps/<app>/<name>/<key>/` is what is kept, `<directory>/work/<build>/<name>/` what a running build has. A
/// folder is moved from the one to the other and back, so that two builds never write into the same one.
struct BuildCache: Sendable {
    /// What an app keeps of each name. More than one come up when builds run at the same time.
    static let keptPerName = 2

    /// Absolute path; made when it is needed.
    let directory: String

    /// What a build has, until it is given back or dropped.
    struct Lease: Sendable {
        /// Absolute path of the folder with a folder for each cache.
        let folder: String
        let app: ID<App>
        let caches: [CachePlan]
        /// Names of those that earlier builds filled.
        let filled: [String]
    }

    /// Where what is removed goes first.
    private var grave: String { "\(directory)/work" }

    /// Removes what builds had that ended with the server. Before the first build. Blocks.
    func sweep() throws(FileError) { try FolderRemoval.remove("\(directory)/work") }

    /// Takes the app's folders out: those of the same keys, else the newest ones, else empty ones. Blocks.
    /// - Parameters:
    ///   - build: no other build has this name.
    ///   - account: who may write into them.
    func lease(_ caches: [CachePlan], app: ID<App>, build: String, account: UInt32) throws(FileError) -> Lease {
        let folder = "\(directory)/work/\(build)"
        try FolderRemoval.remove(folder)
        do throws(FileError) {
            return try fill(folder, with: caches, app: app, account: account)
        } catch {
            try? FolderRemoval.remove(folder)
            throw error
        }
    }

    private func fill(
        _ folder: String, with caches: [CachePlan], app: ID<App>, account: UInt32
    ) throws(FileError) -> Lease {
        try FolderCreation.create(folder)
        // The container's account passes it, and nobody else gets this far.
        guard chmod(folder, 0o755) == 0 else { throw FileError("chmod", folder) }
        var filled: [String] = []
        for cache in caches {
            let target = "\(folder)/\(cache.name)"
            if takeOut(cache, app: app, to: target, account: account) {
                filled.append(cache.name)
            } else {
                try FolderRemoval.remove(target)
                guard mkdir(target, 0o700) == 0, chown(target, account, account) == 0 else {
                    throw FileError("make folder", target)
                }
            }
        }
        return Lease(folder: folder, app: app, caches: caches, filled: filled)
    }

    /// Puts the folders back under their keys, drops those that have grown too large, and what is not kept besides. Returns
    /// the names of those too large with their bytes. Blocks.
    func giveBack(_ lease: Lease) throws(FileError) -> [(cache: CachePlan, bytes: Int)] {
        let home = "\(directory)/apps/\(lease.app)"
        var tooLarge: [(CachePlan, Int)] = []
        for cache in lease.caches {
            let source = "\(lease.folder)/\(cache.name)"
            var sizes = FolderSizes()
            let bytes = sizes.add(source)
            guard bytes <= cache.bytes else {
                tooLarge.append((cache, bytes))
                continue
            }
            let (place, target) = ("\(home)/\(cache.name)", "\(home)/\(cache.name)/\(cache.key)")
            try FolderCreation.create(place)
            try FolderRemoval.remove(target, by: grave)
            guard rename(source, target) == 0 else { throw FileError("rename", source) }
            // The newest by this time are kept, whatever the tenant's files say.
            utimensat(AT_FDCWD, target, nil, AT_SYMLINK_NOFOLLOW)
            try prune(place)
        }
        try drop(lease)
        try forgetOthers(home, than: lease.caches.map(\.name))
        return tooLarge
    }

    /// Removes what a build had: it may be half written. Blocks.
    func drop(_ lease: Lease) throws(FileError) { try FolderRemoval.remove(lease.folder) }

    /// Removes all that an app keeps. Blocks.
    func remove(_ app: ID<App>) throws(FileError) {
        try FolderRemoval.remove("\(directory)/apps/\(app)", by: grave)
    }

    /// False when there is none, or it cannot be handed over; then it is as if there were none.
    private func takeOut(_ cache: CachePlan, app: ID<App>, to target: String, account: UInt32) -> Bool {
        let place = "\(directory)/apps/\(app)/\(cache.name)"
        guard let kept = try? newestFirst(place) else { return false }
        let exact = kept.filter { $0.text == cache.key }
        for name in exact + kept where rename("\(place)/\(name)", target) == 0 {
            guard let folder = try? FolderHandle(path: target) else { return false }
            return hand(folder, to: account)
        }
        return false
    }

    /// Another channel of the app has another account.
    private func hand(_ folder: borrowing FolderHandle, to account: UInt32) -> Bool {
        var status = stat()
        guard fstat(folder.descriptor, &status) == 0 else { return false }
        if status.st_uid == account { return true }
        return handAll(folder, to: account, depth: 0)
    }

    private func handAll(_ folder: borrowing FolderHandle, to account: UInt32, depth: Int) -> Bool {
        guard depth < 128, let names = try? folder.entries() else { return false }
        for name in names {
            guard let status = try? folder.status(name), status.kind != .special,
                status.kind == .folder || status.links == 1,
                fchownat(folder.descriptor, name.characters, account, account, AT_SYMLINK_NOFOLLOW) == 0
            else { return false }
            guard status.kind == .folder else { continue }
            guard let child = try? folder.folder(name), handAll(child, to: account, depth: depth + 1) else {
                return false
            }
        }
        return fchown(folder.descriptor, account, account) == 0
    }

    private func prune(_ place: String) throws(FileError) {
        for old in try newestFirst(place).dropFirst(Self.keptPerName) {
            try FolderRemoval.remove("\(place)/\(old)", by: grave)
        }
    }

    /// A template may have other caches than it had.
    private func forgetOthers(_ home: String, than names: [String]) throws(FileError) {
        guard let folder = try? FolderHandle(path: home) else { return }
        for name in try folder.entries() where !names.contains(name.text ?? "") {
            try FolderRemoval.remove("\(home)/\(name)", by: grave)
        }
    }

    private func newestFirst(_ place: String) throws(FileError) -> [FileName] {
        let folder = try FolderHandle(path: place)
        var kept: [(name: FileName, seconds: Int, nanoseconds: Int)] = []
        for name in try folder.entries() {
            // Another build may have just taken it.
            guard let status = try? folder.status(name) else { continue }
            kept.append((name, status.modifiedSeconds, status.modifiedNanoseconds))
        }
        return kept.sorted { ($0.seconds, $0.nanoseconds) > ($1.seconds, $1.nanoseconds) }.map(\.name)
    }
}
