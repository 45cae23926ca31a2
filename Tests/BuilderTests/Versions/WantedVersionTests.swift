import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Builder

struct WantedVersionTests {
    private static let lock = #"{"packages": {"": {}, "node_modules/x": {}}}"#

    /// A server whose node says this.
    private func fixture(_ output: String = "v20.11.1\n", exit: ContainerTaskExit = .exited(0)) throws -> BuildFixture {
        try BuildFixture(
            StubTaskRunner { task, write in
                guard task.arguments == ["node", "--version"] else { return .exited(0) }
                write(Array(output.utf8))
                return exit
            })
    }

    private func package(_ engines: String) -> String { #"{"main": "a.js", "engines": \#(engines)}"# }

    @Test(
        arguments: [
            (["package.json": #"{"main": "a", "engines": {"node": ">=22"}}"#], "package.json (engines.node)", ">=22"),
            (["package.json": #"{"main": "a"}"#, ".nvmrc": "v18.19.0\n"], ".nvmrc", "v18.19.0"),
            (
                ["package.json": #"{"main": "a", "engines": {"node": ">=20"}}"#, ".nvmrc": "# mine\n18\n"], ".nvmrc",
                "18"
            ),
            (
                [
                    "packages/web/package.json": #"{"main": "a", "engines": {"node": "18"}}"#,
                    "berth.yaml": "root: packages/web\n", ".nvmrc": "20",
                ],
                "packages/web/package.json (engines.node)", "18"
            ),
            (
                ["packages/web/package.json": #"{"main": "a"}"#, "berth.yaml": "root: packages/web\n", ".nvmrc": "22"],
                ".nvmrc", "22"
            ),
        ])
    func aNodeThatWasNotAskedForFailsTheBuildBeforeAnyStep(
        _ files: [String: String], _ place: String, _ wanted: String
    ) async throws {
        let fixture = try fixture()
        let error = try await fixture.failure(
            texts: files.merging(["package-lock.json": Self.lock, "install.sh": ""]) { $1 }, template: "node")
        #expect(error?.code == .buildFailed)
        #expect(error?.message.hasPrefix("\(place) wants node \(wanted), and this server has 20.11.1; ") == true)
        #expect(fixture.runner.tasks.map(\.arguments) == [["node", "--version"]])
        #expect(fixture.log.lines.last == error?.message)
        #expect(fixture.leftovers().isEmpty)
    }

    @Test func aNodeThatFitsIsAskedOnceAndWithoutTheAppsVariables() async throws {
        let fixture = try fixture()
        let files = ["package.json": package(#"{"node": "^20.3.0 || >=22"}"#), ".nvmrc": "20"]
        for _ in 0..<2 {
            _ = try await fixture.build(
                texts: files, template: "node", environment: ["NODE_OPTIONS": "--require ./evil.js"])
        }
        #expect(fixture.runner.tasks.map(\.arguments) == [["node", "--version"]])
        #expect(fixture.runner.tasks.first?.environment["NODE_OPTIONS"] == nil)
        #expect(fixture.runner.tasks.first?.account == 12_345)
    }

    @Test func theProgramThatIsAskedSeesNothingOfTheApp() async throws {
        let seen = Mutex<[String]?>(nil)
        let fixture = try BuildFixture(
            StubTaskRunner { task, write in
                seen.withLock { $0 = try? FileManager.default.contentsOfDirectory(atPath: task.directory) }
                write(Array("v20.11.1\n".utf8))
                return .exited(0)
            })
        let (release, _) = try await fixture.build(
            texts: ["package.json": package(#"{"node": "20"}"#), "a.js": ""], template: "node")
        #expect(seen.withLock { $0 } == [])
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(fixture.releases)/\(release.id)")
        #expect(left == ["files"])
    }

    @Test(
        arguments: [
            #"{"npm": ">=99"}"#, #"["node >= 99"]"#, #"{"node": 99}"#, "null", #"{"node": {"is": "99"}}"#,
        ])
    func anAppThatDoesNotAskForANodeIsNotChecked(_ engines: String) async throws {
        let fixture = try fixture()
        _ = try await fixture.build(texts: ["package.json": package(engines)], template: "node")
        #expect(fixture.runner.tasks.isEmpty)
    }

    @Test func aWordThatIsNoRangeIsNotedAndNotChecked() async throws {
        let fixture = try fixture()
        _ = try await fixture.build(texts: ["package.json": package("{}"), ".nvmrc": "lts/*"], template: "node")
        #expect(fixture.log.lines.contains("note: .nvmrc wants node lts/*; that is no range, so it is not checked"))
    }

    @Test(arguments: [("", .exited(0)), ("v20.11.1", .exited(1))] as [(String, ContainerTaskExit)])
    func aNodeThatDoesNotTellItsVersionIsNoted(_ output: String, _ exit: ContainerTaskExit) async throws {
        let fixture = try fixture(output, exit: exit)
        _ = try await fixture.build(texts: ["package.json": package(#"{"node": "99"}"#)], template: "node")
        #expect(
            fixture.log.lines.contains(
                "note: node does not tell its version, so package.json (engines.node) is not checked"))
    }

    @Test func anNvmrcThatIsALinkIsNotRead() async throws {
        let fixture = try fixture()
        _ = try await fixture.build(
            ["package.json": .text(package("{}")), ".nvmrc": .symlink("package.json")], template: "node")
        #expect(fixture.runner.tasks.isEmpty)
    }
}
