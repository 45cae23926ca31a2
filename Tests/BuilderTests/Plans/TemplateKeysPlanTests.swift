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

    @Test func `every value of the run part reaches the plan`() throws {
        let keys = """
            run:
              kind: web
              command: [serve]
              port: 9001
              port-variable: LISTEN_PORT
              health-path: /up
              ready-seconds: 7
              grace-seconds: 3
              readiness: tcp
              stop-signal: SIGHUP
              requires: [serve]
              environment: {MODE: live, PLACE: "${APP}/x"}
              release: [{shell: migrate}]
            """
        let own = try plan(keys)
        #expect(
            own.run
                == RunPlan(
                    kind: .web, command: ["serve"], portVariable: "LISTEN_PORT", port: 9001, healthPath: "/up",
                    readySeconds: 7, graceSeconds: 3, environment: ["MODE": "live", "PLACE": "/app/x"],
                    readiness: .tcp, stopSignal: .hangUp))
        #expect(own.requires == ["serve"])
        #expect(own.steps.map(\.arguments) == [["/bin/bash", "-c", "migrate"]])
    }

    @Test func `every value of the build part reaches the steps`() throws {
        let keys = """
            rootfs: {packages: [make, gcc]}
            build:
              time-limit: 77
              environment: {A: "1"}
              install-script: setup.sh
              caches: [{name: c, files: [lock], size: 2}]
              versions: [{program: gcc, file: .gcc}]
              steps:
                - {name: one, command: [make, one], requires: [make], time-limit: 5, note: Look here.}
                - {name: two, command: [make, two]}
            run: {kind: web, command: [w]}
            """
        let own = try plan(keys, ["setup.sh": "", ".gcc": "12\n"])
        #expect(own.steps.map(\.name) == ["one", "two", "setup.sh"])
        #expect(own.steps.map(\.timeLimit) == [5, 77, 77])
        #expect(own.steps.map(\.note) == ["Look here.", nil, nil])
        #expect(own.steps.map(\.requires) == [["make"], [], []])
        #expect(own.steps.allSatisfy { $0.environment == ["A": "1"] })
        #expect(own.caches?.map(\.bytes) == [2 << 20])
        #expect(own.packages == ["make", "gcc"])
        #expect(own.versions == [VersionWish(program: "gcc", place: ".gcc", wanted: "12")])
    }

    @Test func `every value of what is published reaches the plan`() throws {
        let keys = """
            build:
              output: {candidates: [out, "."], marker: home.html}
              publish: {exclude: ["*.map"], except: [kept.map]}
            run: {kind: static}
            """
        let site = try #require(try plan(keys).site)
        #expect(site.candidates == ["out", "."] && site.marker == "home.html" && site.origin == nil)
        #expect(site.isExcluded(name: "a.map", path: "x/a.map") && !site.isExcluded(name: "kept.map", path: "kept.map"))
    }

    @Test func `what cannot be started is told in the template's words`() throws {
        let keys = """
            run:
              kind: web
              commands: [{arguments: [serve], file: serve.conf}]
              missing: add a serve.conf
            """
        #expect(try plan(keys, ["serve.conf": ""]).run.command == ["serve"])
        let error = #expect(throws: PlatformError.self) { try plan(keys) }
        #expect(error?.message == "add a serve.conf")
    }
}
