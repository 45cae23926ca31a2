import Core
import TestSupport
import Testing

@testable import Builder

struct AppManifestParserTests {
    private func parse(_ text: String) throws(PlatformError) -> AppManifest {
        try AppManifestParser.parse(Array(text.utf8), log: RecordingLogSink())
    }

    @Test func everyKeyIsRead() throws {
        var manifest = try parse(
            """
            # a comment
            root: apps/web/
            build: [npm run css, npm run js]
            start: node server.js
            release: node migrate.js
            health: {path: /up, check: tcp, seconds: 5}
            limits: {memory: 64M, cpu: 0.5, processes: 20}
            """)
        #expect(manifest.place("output") == "berth.yaml: output")
        #expect(manifest.place("root") == "berth.yaml:2:7: root")
        #expect(manifest.place("health") == "berth.yaml:6:9: health")
        #expect(manifest.place("health.check") == "berth.yaml:6:28: health.check")
        #expect(manifest.place("limits.processes") == "berth.yaml:7:44: limits.processes")
        manifest.places = [:]
        #expect(
            manifest
                == AppManifest(
                    root: "apps/web", build: ["npm run css", "npm run js"], start: "node server.js",
                    release: "node migrate.js", healthPath: "/up", readiness: .tcp, readySeconds: 5,
                    limits: LimitRequest(memory: 64 << 20, milliCPU: 500, processes: 20)))
        #expect(try parse("build: make\noutput: ./out").build == ["make"])
        #expect(try parse("output: ./out").output == "out")
        #expect(try parse("root: .").root == nil)
        let worker = try parse("kind: worker\nstrategy: stop-first\nhealth: {check: file}")
        #expect(worker.kind == .worker && worker.strategy == .stopFirst && worker.readiness == .file)
        let times = try ["10s", "15m", "24h"].map { try parse("sleep-after: \($0)").sleepSeconds }
        #expect(times == [10, 900, 86_400])
        #expect(try parse("volumes: data/").volumes == ["data"])
        #expect(try parse("volumes: [data, up-loads/a_1.b]").volumes == ["data", "up-loads/a_1.b"])
        #expect(try parse("volumes: []").volumes == nil)
        #expect(try parse("limits: {memory: 2G}").limits?.memory == 2 << 30)
    }

    @Test(arguments: ["", "# nothing\n", "---\n", "{}"])
    func aFileWithoutKeysChangesNothing(_ text: String) throws { #expect(try parse(text) == AppManifest()) }

    @Test(
        arguments: [
            ("strat: a", "berth.yaml:1:1: unknown key \"strat\"; did you mean \"start\"?"),
            ("\nroot: ../x", "berth.yaml:2:7: root must be a folder inside the repository, such as apps/web"),
            ("root: /etc", "berth.yaml:1:7: root must be a folder inside the repository, such as apps/web"),
            ("output: a/../..", "berth.yaml:1:9: output must be a folder inside the repository, such as apps/web"),
            ("start: [a]", "berth.yaml:1:8: start must be a text that is not empty"),
            ("health: {path: up}", "berth.yaml:1:16: health.path must begin with / and be printable ASCII"),
            ("health: {check: icmp}", "berth.yaml:1:17: health.check must be http, tcp, file or up"),
            ("kind: cron", "berth.yaml:1:7: kind must be worker"),
            ("strategy: none", "berth.yaml:1:11: strategy must be start-first or stop-first"),
            (
                "sleep-after: 9s",
                "berth.yaml:1:14: sleep-after must be a number with s, m or h, such as 15m, from 10s to 24h"
            ),
            ("sleep-after: 25h", "sleep-after must be a number"), ("sleep-after: 15", "sleep-after must be a number"),
            ("sleep-after: 9223372036854775807h", "sleep-after must be a number"),
            ("kind: worker\nsleep-after: 15m", "berth.yaml:2:14: sleep-after: a worker cannot sleep"),
            ("volumes: ../data", "berth.yaml:1:10: volumes must be folders inside the app's"),
            ("volumes: /data", "volumes must be folders inside"), ("volumes: .", "volumes must be folders inside"),
            ("volumes: a/../b", "volumes must be folders inside"), ("volumes: a//b", "volumes must be folders inside"),
            ("volumes: a/.git", "volumes must be folders inside"), ("volumes: 'a b'", "volumes must be folders inside"),
            ("volumes: a+b", "volumes must be folders inside"), ("volumes: [a, a/b]", "not be inside one another: a/b"),
            ("volumes: [a, a]", "not be inside one another: a"), ("volumes: [a, b, c, d, e]", "an app may have 4"),
            ("strategy: start-first\nvolumes: a", "berth.yaml:1:11: strategy must be stop-first with volumes"),
            ("health: {seconds: 0}", "berth.yaml:1:19: health.seconds must be a whole number from 1 to 3600"),
            ("limits: {memory: 1T}", "must be a number with M or G, such as 512M, from 16M"),
            ("limits: {memory: 99999999999999999999G}", "must be a number with M or G, such as 512M, from 16M"),
            ("limits: {memory: 1M}", "must be a number with M or G, such as 512M, from 16M"),
            ("limits: {cpu: nan}", "limits.cpu must be a number of processors, such as 0.5, from 0.05"),
            ("limits: {cpu: 1e300}", "limits.cpu must be a number of processors, such as 0.5, from 0.05"),
            ("- a", "berth.yaml:1:1: the file must be a mapping with keys of: root, build"),
            ("a: [", "not YAML"), ("start: a\nstart: b", "berth.yaml:1:1: the same key twice: start"),
        ])
    func aMistakeIsToldWithItsPlace(_ text: String, _ expected: String) {
        let error = #expect(throws: PlatformError.self) { try parse(text) }
        #expect(error?.code == .buildFailed)
        #expect(error?.message.contains(expected) == true, "\(String(describing: error))")
    }

    /// Few lines, of which each stands for eight times what the one before does, and a key that is all of them.
    @Test func aliasesAreRefusedBeforeTheyAreFollowed() {
        var lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
        for number in 1...4 {
            let list = [String](repeating: "*a\(number - 1)", count: 8).joined(separator: ", ")
            lines.append("a\(number): &a\(number) [\(list)]")
        }
        for key in ["? *a4\n: x", "*a4 : x", "{*a4 : x}", "[\"x\",*a4]", "\u{2028}*a4 : x"] {
            let error = #expect(throws: PlatformError.self) { try parse((lines + [key]).joined(separator: "\n")) }
            #expect(error?.message == "berth.yaml: aliases are not read: write out what *a0 stands for", "\(key)")
        }
    }

    @Test(
        arguments: [
            "cc *.c & wait", "cd a&&make && cp *make b", "ls a* 2>&1", "node a.js &b", "a &b; c *.b", "a * b & c",
            "x=$((a*b)) && echo $x",
        ])
    func whatLooksLikeAnAliasToNobodyElseIsText(_ line: String) throws {
        #expect(try parse("build:\n  - \(line)").build == [line])
        #expect(try parse("start: \(line)").start == line)
    }

    @Test func allMistakesGoToTheLog() {
        let log = RecordingLogSink()
        #expect(throws: PlatformError.self) {
            try AppManifestParser.parse(Array("a: 1\nb: 2\n".utf8), log: log)
        }
        #expect(log.lines.count == 2)
    }

    @Test func bytesThatAreNoTextAreRefused() {
        #expect(throws: PlatformError.self) { try AppManifestParser.parse([0xff, 0xfe], log: RecordingLogSink()) }
    }
}
