import Blocking
import Builder
import Core
import Foundation
import Store

/// What an app takes on disk, bytes.
struct AppDiskUse: Sendable {
    let owner: ID<User>
    /// `<user>/<app>`
    let name: String
    let releases: Int
    let repository: Int
    /// Installed dependencies that are kept for the next build.
    let dependencies: Int
    /// What builds leave to later ones.
    let caches: Int
    let volumes: Int
    let logs: Int

    var sum: Int { releases + repository + dependencies + caches + volumes + logs }

    /// Counts it for every app: a walk over all their files.
    static func all(_ database: SQLiteDatabase, folder: DataFolder) async throws -> [AppDiskUse] {
        let (releases, deploys) = (SQLiteReleaseStore(database), SQLiteDeployStore(database))
        let channels = try await SQLiteChannelStore(database).allChannels()
        let pool = BlockingPool(label: "disk", width: 1)
        var uses: [AppDiskUse] = []
        for app in try await SQLiteAppStore(database).allApps() {
            try Task.checkCancellation()
            var folders: [String] = []
            var logs: [String] = []
            var volumes: [String] = []
            // What releases of sites share comes first: they have no more than links to it.
            folders.append(SharedContent(releases: folder.releases, app: app.id).folder)
            for channel in channels where channel.appID == app.id {
                folders += try await releases.releases(channel: channel.id).map { "\(folder.releases)/\($0.id)" }
                volumes.append("\(folder.volumes)/\(channel.id)")
                logs += try await deploys.deploys(channel: channel.id, limit: .max)
                    .map { "\(folder.deployLogs)/\($0.id).log" }
            }
            uses.append(
                await pool.run { [folders, logs, volumes] () throws(Never) in
                    // Packages are linked into the releases that use them: they are counted there.
                    var sizes = FolderSizes()
                    return AppDiskUse(
                        owner: app.ownerID, name: "\(app.ownerName)/\(app.name)",
                        releases: folders.reduce(0) { $0 + sizes.add($1) },
                        repository: sizes.add("\(folder.repositories)/\(app.id).git"),
                        dependencies: sizes.add("\(folder.dependencies)/\(app.id)"),
                        caches: sizes.add("\(folder.caches)/apps/\(app.id)"),
                        volumes: volumes.reduce(0) { $0 + sizes.add($1) },
                        logs: logs.reduce(0) { $0 + fileSize($1) })
                })
        }
        return uses
    }

    private static func fileSize(_ path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0
    }
}
