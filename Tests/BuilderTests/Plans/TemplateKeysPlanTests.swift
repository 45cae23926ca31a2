import Core
import Testing

@testable import Builder

/// What keys of `template.yaml` come to in a plan.
struct TemplateKeysPlanTests {
    private func plan(
        _ keys: String, _ files: [String: String] = [:], _ app: AppManifest = AppManifest()
    ) throws -> BuildPlan {
        let text = "schema: 1\nname: t\ndescription: d\n\(keys)\n"
        let view = CommitView(entries: files.keys.sorted(), contents: files.mapValues { Array($0.utf8) })
        return try PlanResolver.resolve(
            TemplateManifestParser.parse(text, file: "t.yaml"), view: view, app: app)
    }

    @Test func aTemplatesWorkerIsUpAfterAWhileUnlessItSaysOtherwise() throws {
        let worker = try plan("run: {kind: worker, command: [w]}")
        #expect(worker.run.kind == .worker)
        #expect(worker.run.readiness == .up)
        #expect(try plan("run: {kind: worker, command: [w], readiness: file}").run.readiness == .file)
        let own = AppManifest(readiness: .file)
        #expect(try plan("run: {kind: worker, command: [w]}", [:], own).run.readiness == .file)
        let mistake = #expect(throws: PlatformError.self) {
            try plan("run: {kind: worker, command: [w]}", [:], AppManifest(readiness: .http))
        }
        #expect(mistake?.message == "berth.yaml: health.check: http is not for kind: worker")
    }

    @Test func aTemplateForTheWebMayWaitForAFileAndNameItsSignal() throws {
        let run = try plan("run: {kind: web, command: [w], readiness: file, stop-signal: SIGINT}").run
        #expect(run.readiness == .file)
        #expect(run.isAnnounced)
        #expect(run.probedPath == nil)
        #expect(run.stopSignal == .interrupt)
        let mistake = #expect(throws: PlatformError.self) {
            try plan("run: {kind: web, command: [w]}", [:], AppManifest(readiness: .up))
        }
        #expect(mistake?.message == "berth.yaml: health.check: up is for kind: worker")
        // A worker is not asked over the port that the template's own app has.
        let worker = AppManifest(kind: .worker)
        #expect(try plan("run: {kind: web, command: [w], readiness: tcp}", [:], worker).run.readiness == .up)
    }

    @Test func stepsAreWithoutNetworkWhenTheTemplateSaysSoAndTheInstallScriptIsNot() throws {
        let keys = """
            build:
              network: off
              install-script: install.sh
              steps: [{name: a, command: [a], network: on, part: dependencies}, {name: b, command: [b]}]
            run: {kind: web, command: [w]}
            """
        #expect(try plan(keys, ["install.sh": ""]).steps.map(\.isOffline) == [nil, true, nil])
        let own = try plan(keys, ["install.sh": ""], AppManifest(build: ["make"], release: "migrate"))
        #expect(own.steps.map(\.name) == ["a", "build", "install.sh", "release"])
        #expect(own.steps.map(\.isOffline) == [nil, true, nil, nil])
    }

    @Test func aCachesKeyIsItsFiles() throws {
        let keys = """
            build:
              caches: [{name: c, files: [lock]}]
              steps: [{name: a, command: [a], when: {all: [{file: lock}]}}]
            run: {kind: web, command: [w]}
            """
        func key(_ files: [String: String]) throws -> String? { try plan(keys, files).caches?.first?.key }
        let one = try #require(try key(["lock": "1"]))
        #expect(one.utf8.count == 64)
        #expect(try key(["lock": "1", "other": "2"]) == one)
        #expect(try key(["lock": "2"]) != one)
        // Nothing runs, so nobody needs it.
        #expect(try key([:]) == nil)
    }
}
