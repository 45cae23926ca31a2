import Core
import Foundation
import Hooks
import Logging
import Synchronization
import TestSupport
import Testing

/// The examples of `hooks/README.md`, as an operator puts them in place. Programs that they run are ours: each writes down how it
/// was run.
@Suite("The examples of hooks")
struct HookExamplesTests {
    private static let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("hooks/examples")
    private static let names = ["BERTH_USER": "alice", "BERTH_APP": "shop", "BERTH_CHANNEL": "prod"]

    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory("berth-hook-examples")
        try FileManager.default.copyItem(at: Self.examples, to: directory.url.appendingPathComponent("hooks"))
        for event in HookEvent.allCases {
            let folder = directory.path("hooks/\(event.rawValue).d")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!names.isEmpty)
            for path in names.map({ "\(folder)/\($0)" }) + [folder] {
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o755, .ownerAccountID: Int(geteuid())], ofItemAtPath: path)
            }
        }
        try FileManager.default.createDirectory(atPath: directory.path("bin"), withIntermediateDirectories: false)
    }

    /// A program that they find before the machine's own.
    private func add(_ program: String, _ script: String) throws {
        let path = directory.path("bin/\(program)")
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    /// What a program has written down.
    private func text(_ name: String) -> String? {
        try? String(contentsOfFile: directory.path(name), encoding: .utf8)
    }

    private func run(
        _ event: HookEvent, input: String = "", environment: [String: String] = Self.names
    ) async -> (lines: [String], error: PlatformError?) {
        let lines = Mutex<[String]>([])
        var configuration = HooksConfiguration(folder: directory.path("hooks"))
        configuration.searchPath = "\(directory.path("bin")):/usr/bin:/bin"
        let hooks = OperatorHooks(
            configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        do throws(PlatformError) {
            try await hooks.run(HookCall(event, input: input, environment: environment)) { line in
                lines.withLock { $0.append(line) }
            }
            return (lines.withLock { $0 }, nil)
        } catch {
            return (lines.withLock { $0 }, error)
        }
    }

    @Test("freeze: pushes are refused with what the file says")
    func freeze() async throws {
        let file = directory.path("freeze")
        let environment = Self.names.merging(["BERTH_FREEZE_FILE": file]) { $1 }
        #expect(await run(.preReceive, environment: environment).error == nil)
        try Data("Until Monday.\n".utf8).write(to: URL(fileURLWithPath: file))
        let refused = await run(.preReceive, environment: environment)
        #expect(refused.lines == ["Pushes to alice/shop are frozen:", "Until Monday."])
        #expect(refused.error?.message == "the pre-receive hook 10-freeze exited 1")
    }

    @Test("office hours: nothing goes to prod on a weekend, and to other channels it does", arguments: 1...7)
    func officeHours(day: Int) async throws {
        try add("date", "[ \"$*\" = +%u ] && echo \(day)")
        let prod = await run(.preDeploy, input: "{}\n")
        if day > 5 {
            #expect(prod.lines == ["It is the weekend: shop stays as it is. Other channels are open."])
            #expect(prod.error?.message == "the pre-deploy hook 10-office-hours exited 1")
        } else {
            #expect(prod.error == nil && prod.lines == [])
        }
        let environment = Self.names.merging(["BERTH_CHANNEL": "staging"]) { $1 }
        #expect(await run(.preDeploy, input: "{}\n", environment: environment).error == nil)
    }

    @Test("journal: a line goes to the system's journal for each ref")
    func journal() async throws {
        let journal = directory.path("journal")
        try add("logger", "for word; do printf '[%s]' \"$word\"; done >>'\(journal)'; echo >>'\(journal)'")
        let (none, one) = (String(repeating: "0", count: 40), String(repeating: "a", count: 40))
        let two = String(repeating: "b", count: 40)
        let input = "\(one) \(two) refs/heads/master\n\(one) \(none) refs/heads/old\n"
        #expect(await run(.postReceive, input: input).error == nil)
        let expected = ["refs/heads/master \(one) -> \(two)", "refs/heads/old \(one) -> \(none)"]
        #expect(text("journal") == expected.map { "[--tag][berth][alice/shop \($0)]\n" }.joined())
    }

    @Test("tell: the description of a deploy goes to the address in the file, and to nobody without one")
    func tell() async throws {
        let (told, how) = (directory.path("told"), directory.path("how"))
        try add("curl", "for word; do echo \"$word\"; done >'\(how)'; cat >'\(told)'")
        let input = "{\"app\":\"shop\",\"status\":\"success\"}\n"
        #expect(await run(.postDeploy, input: input).error == nil)
        #expect(text("how") == nil)
        try Data("https://chat.example/hook?key=a b\n".utf8)
            .write(to: URL(fileURLWithPath: directory.path("hooks/post-deploy.d/address")))
        #expect(await run(.postDeploy, input: input).error == nil)
        #expect(text("told") == input)
        let words = try #require(text("how")).split(separator: "\n").map(String.init)
        #expect(words.last == "https://chat.example/hook?key=a b")
        #expect(words.contains("--fail") && words.contains("--max-time"))
        let header = try #require(words.firstIndex(of: "--header"))
        #expect(words[header + 1] == "Content-Type: application/json")
        let data = try #require(words.firstIndex(of: "--data-binary"))
        #expect(words[data + 1] == "@-")
        // The server logs that nobody was told.
        try add("curl", "echo 'curl: (22) The requested URL returned error: 500' >&2; exit 22")
        let failed = await run(.postDeploy, input: input)
        #expect(failed.error?.message == "the post-deploy hook 10-tell exited 22")
        #expect(failed.lines == ["curl: (22) The requested URL returned error: 500"])
    }
}
