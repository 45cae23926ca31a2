import Core
import Foundation
import TestSupport
import Testing

@testable import Builder

@Suite struct SubmoduleTests {
    private static let server = PublicAddress(scheme: "https", domain: "example.org", port: nil)

    @Test(
        arguments: [
            ("../lib", .app(user: "ada", name: "lib")), ("../lib.git", .app(user: "ada", name: "lib")),
            ("../lib.git/", .app(user: "ada", name: "lib")), ("./../lib", .app(user: "ada", name: "lib")),
            ("../../bob/lib.git", .app(user: "bob", name: "lib")),
            ("https://git.example.org/ada/lib.git", .app(user: "ada", name: "lib")),
            ("HTTP://ada:pass@GIT.example.org:8080/bob/lib", .app(user: "bob", name: "lib")),
            ("https://example.com/ada/lib.git", .web("https://example.com/ada/lib.git")),
            ("https://git.example.org.example.com/x", .web("https://git.example.org.example.com/x")),
            // Leads out of what there is, or is no repository's address.
            ("../../../../lib", .refused), ("./lib", .refused), ("../", .refused), ("../a/b", .refused),
            ("https://git.example.org/lib", .refused), ("https://git.example.org", .refused),
            ("http://example.com/lib.git", .refused), ("git@example.com:ada/lib.git", .refused),
            ("ssh://git@example.com/lib.git", .refused), ("git://example.com/lib.git", .refused),
            ("file:///etc", .refused), ("/srv/lib.git", .refused), ("lib", .refused), ("https://", .refused),
            ("ext::sh -c id", .refused),
        ] as [(String, SubmoduleAddress)])
    func anAddressIsAnAppOfThisServerOrOnTheWebOrNothing(_ url: String, _ expected: SubmoduleAddress) {
        #expect(SubmoduleAddress(url, in: (user: "ada", app: "site"), server: Self.server) == expected)
    }

    private struct World {
        let fixture: BuildFixture
        let siblings: [String: ID<App>]

        init(
            _ runner: StubTaskRunner = StubTaskRunner(), siblings: [String] = ["lib", "deep"],
            change: (inout BuilderConfiguration) -> Void = { _ in }
        ) throws {
            fixture = try BuildFixture(runner) {
                $0.server = SubmoduleTests.server
                change(&$0)
            }
            self.siblings = Dictionary(uniqueKeysWithValues: siblings.map { ($0, ID()) })
        }

        /// A commit whose submodules are at `modules`: path, commit, URL.
        func commit(_ tree: StubRepository.Tree, _ modules: [(String, CommitID, String)]) throws -> CommitID {
            var tree = tree
            for (path, _, _) in modules { tree[path] = .submodule }
            let commit = try fixture.repository.commit(tree)
            fixture.repository.setSubmodules(
                modules.map { Submodule(path: $0.0, commit: $0.1, url: $0.2) }, of: commit)
            return commit
        }

        func build(_ commit: CommitID) async throws -> String {
            let plain = try fixture.request(commit)
            let request = BuildRequest(
                app: plain.app, channel: plain.channel, deploy: plain.deploy, release: plain.release,
                commit: plain.commit, environment: [:], previous: nil,
                sibling: { [siblings] (name) throws(PlatformError) in siblings[name.rawValue] })
            let result = try await fixture.builder.build(request, log: fixture.log)
            #expect(!result.isPristine)
            return fixture.builder.filesDirectory(of: plain.release)
        }

        func failure(_ commit: CommitID) async throws -> PlatformError? {
            do {
                _ = try await build(commit)
                return nil
            } catch let error as PlatformError {
                return error
            }
        }
    }

    @Test func filesOfTheUsersOwnAppsAreLaidOutWithThoseWithinThem() async throws {
        let world = try World()
        let deep = try world.commit(["deep.txt": .text("deep")], [])
        let lib = try world.commit(["lib.txt": .text("lib")], [("inner", deep, "../deep.git")])
        let commit = try world.commit(["index.html": .text("home")], [("vendor/lib", lib, "../lib.git")])
        let files = try await world.build(commit)
        #expect(try String(contentsOfFile: "\(files)/vendor/lib/lib.txt", encoding: .utf8) == "lib")
        #expect(try String(contentsOfFile: "\(files)/vendor/lib/inner/deep.txt", encoding: .utf8) == "deep")
        #expect(
            world.fixture.repository.checkouts.map(\.app).suffix(2) == [world.siblings["lib"], world.siblings["deep"]])
        #expect(world.fixture.runner.tasks.isEmpty)
        #expect(world.fixture.log.linesWithoutTimes.contains("submodule vendor/lib: 2 files of your app lib (#)"))
    }

    @Test func othersAreFetchedInAContainerAfterAllThatTheServerLaysOutItself() async throws {
        let world = try World(
            StubTaskRunner { (task, _) throws(PlatformError) in
                try task.write("web/file.txt", "fetched")
                return .exited(0)
            })
        let lib = try world.commit(["lib.txt": .text("lib")], [])
        let commit = try world.commit(
            ["index.html": .text("home")],
            [("web", lib, "https://me:secret@example.com/web.git"), ("lib", lib, "../lib.git")])
        let files = try await world.build(commit)
        #expect(try String(contentsOfFile: "\(files)/lib/lib.txt", encoding: .utf8) == "lib")
        #expect(try String(contentsOfFile: "\(files)/web/file.txt", encoding: .utf8) == "fetched")
        let task = try #require(world.fixture.runner.tasks.first)
        #expect(task.workingDirectory == "web" && task.arguments.contains("https://me:secret@example.com/web.git"))
        #expect(task.arguments.contains(lib.rawValue) && task.environment["GIT_ALLOW_PROTOCOL"] == "https")
        #expect(!world.fixture.log.lines.joined().contains("secret"))
    }

    @Test(
        arguments: [
            ("git@example.com:ada/lib.git", "only https:// addresses and other apps of yours"),
            ("../../bob/lib.git", "you have no app of that name here"),
            ("../missing.git", "you have no app of that name here"),
            ("https://git.example.org/bob/lib.git", "you have no app of that name here"),
            ("ssh://me:secret@example.com/lib", "(ssh://example.com/lib) cannot be fetched"),
        ])
    func whatCannotBeFetchedFailsTheBuildWithPathAndReason(_ url: String, _ reason: String) async throws {
        let world = try World()
        let lib = try world.commit(["lib.txt": .text("lib")], [])
        let commit = try world.commit(["index.html": .text("home")], [("vendor/lib", lib, url)])
        let error = try await world.failure(commit)
        #expect(error?.code == .buildFailed)
        #expect(error?.message.hasPrefix("the submodule vendor/lib (") == true)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("secret") == false)
        #expect(world.fixture.leftovers().isEmpty)
    }

    @Test func aCommitThatTheAppDoesNotHaveIsSaid() async throws {
        let world = try World()
        let lost = try #require(CommitID(String(repeating: "ab", count: 20)))
        let commit = try world.commit(["index.html": .text("home")], [("lib", lost, "../lib.git")])
        let error = try await world.failure(commit)
        #expect(error?.message.contains("its commit abababababab is not in the app lib: push it there first") == true)
    }

    @Test(arguments: [(3, 1 << 20), (100, 4096)])
    func togetherTheyKeepToTheLimitsOfARelease(_ entries: Int, _ bytes: Int) async throws {
        let world = try World {
            $0.maximumEntries = entries
            $0.maximumBytes = bytes
        }
        let lib = try world.commit(
            ["one.txt": .text(String(repeating: "x", count: 3000)), "two.txt": .text("2")], [])
        let commit = try world.commit(
            ["index.html": .text("home")], [("a", lib, "../lib.git"), ("b", lib, "../deep.git")])
        let error = try await world.failure(commit)
        #expect(error?.code == .buildFailed)
        #expect(error?.message.hasPrefix("the submodules have more than \(entries) files or ") == true)
        #expect(world.fixture.leftovers().isEmpty)
    }

    @Test func circlesAndCrowdsEnd() async throws {
        let world = try World()
        let commit = try world.fixture.repository.commit(["index.html": .text("home"), "lib": .submodule])
        world.fixture.repository.setSubmodules([Submodule(path: "lib", commit: commit, url: "../lib.git")], of: commit)
        #expect(try await world.failure(commit)?.message.contains("nested more than 8 deep") == true)

        let lib = try world.commit(["lib.txt": .text("lib")], [])
        let many = try world.commit(
            ["index.html": .text("home")], (0...100).map { ("lib\($0)", lib, "../lib.git") })
        #expect(try await world.failure(many)?.message.contains("more than 100 submodules") == true)
    }
}
