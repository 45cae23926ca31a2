import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Builder

/// Templates that name packages.
struct RootfsPlanTests {
    /// Says where a file system is, without making one.
    private final class StubProvider: RootfsProvider {
        let path: String
        private let state = Mutex<[Rootfs]>([])
        var asked: [Rootfs] { state.withLock { $0 } }

        init(path: String) { self.path = path }

        func prepare(_ rootfs: Rootfs, log: any DeployLogSink) async throws(PlatformError) -> String {
            state.withLock { $0.append(rootfs) }
            return path
        }
    }

    private static let template = """
        schema: 1
        name: packed
        description: d
        rootfs: {packages: [lua5.4, busybox]}
        build: {steps: [{name: make, command: [lua], requires: [lua]}]}
        run: {kind: web, command: [busybox], requires: [busybox]}
        """

    /// A fixture whose template's containers have what is at `root`.
    private func fixture(in directory: TemporaryDirectory) throws -> (BuildFixture, StubProvider) {
        let templates = directory.path("templates")
        try FileManager.default.createDirectory(atPath: "\(templates)/packed", withIntermediateDirectories: true)
        try Data(Self.template.utf8).write(to: URL(fileURLWithPath: "\(templates)/packed/template.yaml"))
        let provider = StubProvider(path: directory.path("root"))
        return (try BuildFixture(templates: templates, rootfs: provider), provider)
    }

    private func install(_ names: String..., in directory: TemporaryDirectory) throws {
        let bin = directory.path("root/usr/bin")
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        for name in names {
            _ = FileManager.default.createFile(
                atPath: "\(bin)/\(name)", contents: Data(), attributes: [.posixPermissions: 0o755])
        }
    }

    @Test func stepsAndTheAppHaveTheFileSystemOfThePackages() async throws {
        let directory = try TemporaryDirectory("packed")
        let (fixture, provider) = try fixture(in: directory)
        try install("lua5.4", "busybox", in: directory)
        // As Debian's alternatives do it: the link means a place in the file system, not one on the host.
        for (path, target) in [("usr/bin/lua", "/etc/alternatives/lua"), ("etc/alternatives/lua", "/usr/bin/lua5.4")] {
            let link = directory.path("root/\(path)")
            try FileManager.default.createDirectory(
                atPath: (link as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        }
        let plan = try await fixture.build(texts: ["a": ""], template: "packed").result.plan
        let rootfs = try #require(provider.asked.first)
        #expect(rootfs.packages == ["busybox", "lua5.4"])
        #expect(rootfs.suite == (try HostSuite.current()))
        #expect(fixture.runner.tasks.map(\.rootfs) == [rootfs.key])
        #expect(plan.rootfs == rootfs.key)
    }

    @Test func aProgramIsLookedForInTheFileSystemAndNotOnTheHost() async throws {
        let directory = try TemporaryDirectory("packed")
        let (fixture, _) = try fixture(in: directory)
        try install("busybox", in: directory)
        let error = try await fixture.failure(texts: ["a": ""], template: "packed")
        #expect(error?.message.hasPrefix("this server has no lua") == true)
        #expect(fixture.runner.tasks.isEmpty)
    }

    @Test func theKeyIsOfTheSuiteAndThePackagesInAnyOrder() {
        let key = Rootfs(suite: "bookworm", packages: ["b", "a", "b"]).key
        #expect(key.utf8.count == 64)
        #expect(Rootfs(suite: "bookworm", packages: ["a", "b"]).key == key)
        #expect(Rootfs(suite: "trixie", packages: ["a", "b"]).key != key)
        #expect(Rootfs(suite: "bookworm", packages: ["a"]).key != key)
        #expect(Rootfs(suite: "bookworm", packages: ["a b"]).key != key)
    }

    @Test(
        arguments: [
            ("ID=debian\nVERSION_CODENAME=bookworm\n", "bookworm"), ("VERSION_CODENAME=\"noble\"", "noble"),
            ("ID=arch", nil),
            ("VERSION_CODENAME=../x", nil),
        ] as [(String, String?)])
    func theSuiteIsTheSystemsCodeName(_ text: String, _ name: String?) {
        #expect(HostSuite.codeName(osRelease: text) == name)
    }
}
