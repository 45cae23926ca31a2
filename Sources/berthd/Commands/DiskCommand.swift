import ArgumentParser
import Blocking
import Builder
import Core
import Foundation
import Runner
import Store

/// `berthd disk`
struct DiskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disk",
        abstract: "Say what each app takes on disk, the largest first. Works beside a running server.",
        discussion: "Files that releases of an app share are counted once. Databases are not counted. "
            + "File systems of packages that templates name have a line each.")

    @OptionGroup var data: DataFlags

    func run() async throws {
        do {
            let settings = try await Settings.read(flags: data.values, file: data.configurationFile)
            let folder = DataFolder(root: settings.data)
            guard FileManager.default.fileExists(atPath: folder.database) else {
                throw ConfigurationMistake("data", "there is no installation in \(folder.root)")
            }
            let database = try await SQLiteDatabase.open(dataDirectory: folder.root)
            let uses = try await AppDiskUse.all(database, folder: folder).sorted { $0.sum > $1.sum }
            for line in Self.table(uses) { print(line) }
            for (key, bytes) in await Self.rootfs(in: folder.rootfs) {
                print("packages for templates, \(key.prefix(12)): \(Self.size(bytes))")
            }
            if let room = FileSystemRoom.at(folder.releases) {
                let reserve = settings.shares.diskReserve
                print(
                    "\(Self.size(room.free)) of \(Self.size(room.total)) are free; the server keeps \(reserve) MiB of it for itself"
                )
            }
        } catch {
            throw CommandFailure(error)
        }
    }

    /// File systems of packages, which all apps of a template share, with their bytes; by key.
    private static func rootfs(in directory: String) async -> [(key: String, bytes: Int)] {
        await BlockingPool(label: "disk", width: 1).run { () throws(Never) in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
            return names.filter { Rootfs.isKey($0) }.sorted().map { key in
                var sizes = FolderSizes()
                return (key, sizes.add("\(directory)/\(key)"))
            }
        }
    }

    private static func table(_ uses: [AppDiskUse]) -> [String] {
        let rows =
            [["app", "releases", "repository", "packages", "caches", "volumes", "logs", "together"]]
            + uses.map { use in
                let kept = [use.repository, use.dependencies, use.caches, use.volumes, use.logs]
                return [use.name] + ([use.releases] + kept + [use.sum]).map(size)
            }
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).enumerated().map { index, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return index == 0 ? cell.0 + space : space + cell.0
            }.joined(separator: "  ")
        }
    }

    /// MiB with one decimal.
    private static func size(_ bytes: Int) -> String {
        String(format: "%.1f MiB", Double(bytes) / Double(1 << 20))
    }
}
