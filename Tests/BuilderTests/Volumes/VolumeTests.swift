import Blocking
import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Builder

/// Folders of channels that outlast releases.
struct VolumeTests {
    private static let package = #"{"scripts": {"start": "node a"}}"#
    private let directory: TemporaryDirectory
    private let volumes: FolderVolumes

    init() throws {
        directory = try TemporaryDirectory("volume-test")
        volumes = FolderVolumes(
            directory: directory.path("volumes"), pool: BlockingPool(label: "volume-test", width: 1))
    }

    private func channel(account: UInt32 = 212_345) throws -> Channel {
        let name = try ChannelName("prod")
        return Channel(
            appID: ID(), name: name, label: try SiteLabel(channel: name, app: AppName("site"), user: UserName("ada")),
            binding: .anyBranch, account: account, createdAt: Date())
    }

    private func owner(_ path: String) throws -> UInt32 {
        var info = stat()
        try #require(lstat(path, &info) == 0)
        return info.st_uid
    }

    @Test func foldersAreTheChannelsAndStay() async throws {
        let channel = try channel()
        let plan = RunPlan(kind: .web, directory: "apps/web", volumes: ["data", "a/b"])
        let mounts = try await volumes.prepare(plan, of: channel)
        #expect(mounts.map(\.path) == ["apps/web/data", "apps/web/a/b"])
        #expect(mounts.map { ($0.source as NSString).lastPathComponent } == ["data", "a+b"])
        for mount in mounts { #expect(try owner(mount.source) == channel.account) }
        #expect(try owner(directory.path("volumes/\(channel.id)")) == getuid())
        try Data("kept".utf8).write(to: URL(fileURLWithPath: "\(mounts[0].source)/file"))
        // As after a crash between the folder's making and its owner.
        #expect(chown(mounts[1].source, 0, 0) == 0)
        #expect(try await volumes.prepare(plan, of: channel) == mounts)
        #expect(try owner(mounts[1].source) == channel.account)
        #expect(try String(contentsOfFile: "\(mounts[0].source)/file", encoding: .utf8) == "kept")
        #expect(await volumes.size(of: channel.id) > 0)
        #expect(await volumes.channels() == [channel.id])
        try await volumes.remove(channel.id)
        try await volumes.remove(channel.id)
        #expect(await volumes.channels().isEmpty)
        #expect(await volumes.size(of: channel.id) == 0)
    }

    @Test func moreFilesThanAreCountedAreTooMuch() async throws {
        let volumes = FolderVolumes(
            directory: directory.path("volumes"), pool: BlockingPool(label: "volume-test", width: 1), entries: 3)
        let channel = try channel()
        let mounts = try await volumes.prepare(RunPlan(kind: .web, volumes: ["data"]), of: channel)
        for name in ["a", "b", "c"] {
            #expect(await volumes.size(of: channel.id) < 1 << 20)
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(mounts[0].source)/\(name)"))
        }
        #expect(await volumes.size(of: channel.id) == .max)
    }

    @Test func attack9ALinkThatTheBuildPutsInAVolumesPlaceIsFoundBeforeTheReleaseCommand() async throws {
        let folder = directory.path("volumes")
        let runner = StubTaskRunner { task, _ throws(PlatformError) in
            symlink("/etc", "\(task.directory)/data")
            return .exited(0)
        }
        let fixture = try BuildFixture(runner) { $0.volumes = folder }
        let error = try await fixture.failure(
            texts: [
                "package.json": Self.package, "berth.yaml": "build: make\nrelease: ./migrate\nvolumes: [data]\n",
            ], template: "node")
        #expect(error?.code == .buildFailed && error?.message.contains("volumes: data is in the") == true)
        #expect(!runner.tasks.contains { $0.arguments.contains("./migrate") })
    }

    @Test func noVolumesMakeNoFolder() async throws {
        #expect(try await volumes.prepare(RunPlan(kind: .web), of: channel()).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: directory.path("volumes")))
    }

    @Test func theReleaseCommandHasThemAndTheBuildHasNot() async throws {
        let runner = StubTaskRunner()
        let folder = directory.path("volumes")
        let fixture = try BuildFixture(runner) {
            $0.volumes = folder
            $0.maximumVolumeBytes = 7 << 20
        }
        let (release, result) = try await fixture.build(
            texts: [
                "package.json": Self.package, "berth.yaml": "build: make\nrelease: ./migrate\nvolumes: [data]\n",
                "data/shipped": "in the repository",
            ], template: "node")
        #expect(result.plan.volumes == ["data"])
        let seen = runner.tasks.filter { $0.arguments.contains("make") || $0.arguments.contains("./migrate") }
        #expect(seen.map(\.volumes.count) == [0, 1])
        #expect(seen.last?.volumes.first?.path == "data")
        #expect(seen.last?.volumeLimit == DiskLimit(bytes: 7 << 20, entries: 500_000))
        #expect(seen.last?.volumes.first?.source.hasPrefix(folder) == true)
        // What the repository has there stays in the release, below the volume.
        let path = fixture.builder.filesDirectory(of: release.id) + "/data/shipped"
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test func aReleaseHasAFolderToMountOver() async throws {
        let fixture = try BuildFixture()
        let (release, result) = try await fixture.build(
            texts: ["package.json": Self.package, "berth.yaml": "volumes: [a/b]\n"], template: "node")
        #expect(result.isPristine)
        var isFolder: ObjCBool = false
        let path = fixture.builder.filesDirectory(of: release.id) + "/a/b"
        #expect(FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue)
    }

    @Test(arguments: ["link", "file"])
    func whatIsInTheWayFailsTheDeployAndIsNotFollowed(_ what: String) async throws {
        let outside = directory.path("outside")
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
        let runner = StubTaskRunner { task, _ throws(PlatformError) in
            if what == "link" { symlink(outside, "\(task.directory)/data") } else { try task.write("data", "x") }
            return .exited(0)
        }
        let error = try await BuildFixture(runner).failure(
            texts: ["package.json": Self.package, "berth.yaml": "build: make\nvolumes: [data/in]\n"], template: "node")
        #expect(error?.code == .buildFailed)
        #expect(
            error?.message.contains("volumes: data/in is in the repository, or in the build, and no folder") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: outside).isEmpty)
    }
}
