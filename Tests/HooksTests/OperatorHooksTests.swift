import Core
import Foundation
import Hooks
import Logging
import Synchronization
import TestSupport
import Testing

/// Programs of the operator's, really run.
@Suite("The operator's hooks")
struct OperatorHooksTests {
    private let directory: TemporaryDirectory
    private let hooks: OperatorHooks

    init() throws {
        directory = try TemporaryDirectory("berth-hooks")
        var configuration = HooksConfiguration(folder: directory.path)
        configuration.limit = .seconds(20)
        hooks = OperatorHooks(
            configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func add(_ name: String, _ event: HookEvent, _ script: String, mode: Int = 0o755) throws {
        let folder = directory.path("\(event.rawValue).d")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(folder)/\(name)")
    }

    /// The lines that were written, and how it ended.
    private func run(
        _ event: HookEvent, input: String = "", environment: [String: String] = [:], by hooks: OperatorHooks? = nil
    ) async -> (lines: [String], error: PlatformError?) {
        let lines = Mutex<[String]>([])
        do throws(PlatformError) {
            try await (hooks ?? self.hooks).run(HookCall(event, input: input, environment: environment)) { line in
                lines.withLock { $0.append(line) }
            }
            return (lines.withLock { $0 }, nil)
        } catch {
            return (lines.withLock { $0 }, error)
        }
    }

    @Test("run in the order of their names, with their input, their variables and nothing of the server's")
    func order() async throws {
        try add("20-second", .preReceive, "cat; env | sort")
        try add("10-first", .preReceive, "echo first; echo aside >&2")
        let (lines, error) = await run(
            .preReceive, input: "old new refs/heads/master\n", environment: ["BERTH_APP": "shop"])
        #expect(error == nil)
        #expect(Array(lines.prefix(3)) == ["first", "aside", "old new refs/heads/master"])
        let variables = Set(lines.dropFirst(3).map { $0.prefix { $0 != "=" } })
        #expect(variables.isSuperset(of: ["BERTH_APP", "BERTH_HOOK", "LC_ALL", "PATH"]))
        #expect(variables.isSubset(of: ["BERTH_APP", "BERTH_HOOK", "LC_ALL", "PATH", "PWD", "_", "SHLVL", "OLDPWD"]))
        #expect(lines.contains("BERTH_HOOK=pre-receive"))
    }

    @Test("that are not programs, or not there, are passed over")
    func others() async throws {
        #expect(await run(.preDeploy).error == nil)
        try add("README.md", .preDeploy, "exit 1", mode: 0o644)
        try add("old~", .preDeploy, "exit 1")
        try add(".hidden", .preDeploy, "exit 1")
        try FileManager.default.createDirectory(
            atPath: directory.path("pre-deploy.d/folder"), withIntermediateDirectories: true)
        #expect(await run(.preDeploy).error == nil)
    }

    @Test("of a gate end with the first that fails, and its name and ending are told")
    func gate() async throws {
        try add("1", .preDeploy, "echo no good; exit 3")
        try add("2", .preDeploy, "echo never")
        let (lines, error) = await run(.preDeploy)
        #expect(lines == ["no good"])
        #expect(error?.code == .forbidden && error?.message == "the pre-deploy hook 1 exited 3")
    }

    @Test("after the fact are all run, and the first failure is told")
    func afterwards() async throws {
        try add("1", .postDeploy, "exit 3")
        try add("2", .postDeploy, "echo yes")
        let (lines, error) = await run(.postDeploy)
        #expect(lines == ["yes"])
        #expect(error?.message == "the post-deploy hook 1 exited 3")
    }

    @Test("that take too long are ended, with what they started")
    func timeLimit() async throws {
        var configuration = HooksConfiguration(folder: directory.path)
        configuration.limit = .milliseconds(300)
        let quick = OperatorHooks(
            configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let file = directory.path("pid")
        try add("1", .preReceive, "sleep 600 & echo $! > \(file); wait")
        let (_, error) = await run(.preReceive, by: quick)
        #expect(error?.message == "the pre-receive hook 1 took too long")
        let text = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let child = try #require(pid_t(text))
        #expect(await eventually { kill(child, 0) != 0 || isZombie(child) })
    }

    @Test("that leave a daemon behind, which keeps their output open, are over when they end")
    func daemon() async throws {
        let file = directory.path("pid")
        try add("1", .preReceive, "setsid sleep 600 & echo $! > \(file); echo started")
        try add("2", .preReceive, "setsid yes 2>/dev/null & echo $! >> \(file); echo noisy")
        let (lines, error) = await run(.preReceive)
        let daemons = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").compactMap { pid_t($0) }
        defer { for daemon in daemons { kill(daemon, SIGKILL) } }
        #expect(error == nil)
        #expect(lines.first == "started" && lines.contains("noisy"))
        #expect(daemons.count == 2 && kill(daemons[0], 0) == 0)
    }

    @Test("are ended with the task that runs them")
    func cancelled() async throws {
        let file = directory.path("pid")
        try add("1", .preDeploy, "sleep 600 & echo \"$$ $!\" > \(file).new; mv \(file).new \(file); wait")
        try add("2", .preDeploy, "echo never")
        let task = Task { await run(.preDeploy) }
        #expect(await eventually { FileManager.default.fileExists(atPath: file) })
        let text = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let processes = text.split(separator: " ").compactMap { pid_t($0) }
        #expect(processes.count == 2 && processes.allSatisfy { kill($0, 0) == 0 })
        task.cancel()
        let (lines, error) = await task.value
        #expect(error?.code == .cancelled && lines.isEmpty)
        #expect(await eventually { processes.allSatisfy { kill($0, 0) != 0 || isZombie($0) } })
    }

    @Test("are run by the command that the server makes of them, which hands on all that they have")
    func command() async throws {
        var configuration = HooksConfiguration(folder: directory.path)
        configuration.command = { ["/bin/sh", "-c", "echo through; exec \"$@\"", "sh"] + $0 }
        let through = OperatorHooks(
            configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try add("1", .preReceive, "cat; echo $BERTH_APP in $(basename \"$(pwd)\"); exit 3")
        let (lines, error) = await run(
            .preReceive, input: "line\n", environment: ["BERTH_APP": "shop"], by: through)
        #expect(lines == ["through", "line", "shop in pre-receive.d"])
        #expect(error?.message == "the pre-receive hook 1 exited 3")
    }

    @Test("that others could change are not run, and refuse what they guard")
    func writableByOthers() async throws {
        try add("1", .preReceive, "echo evil", mode: 0o777)
        let (lines, error) = await run(.preReceive)
        #expect(lines.isEmpty)
        #expect(error?.message == "the hook 1 could be changed by others than the operator, so it is not run")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: directory.path("pre-receive.d/1"))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o777], ofItemAtPath: directory.path("pre-receive.d"))
        #expect(await run(.preReceive).error?.code == .forbidden)
    }

    @Test("that do not read their input, or write much, harm nobody")
    func greedy() async throws {
        try add("1", .preReceive, "exec <&-; yes | head -c 2000000; exit 0")
        let (lines, error) = await run(.preReceive, input: String(repeating: "line\n", count: 200_000))
        #expect(error == nil)
        let written = lines.reduce(0) { $0 + $1.utf8.count + 1 }
        #expect(written > 1000 && written <= 256 << 10 + 1)
    }

    private func isZombie(_ pid: pid_t) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return status.contains(") Z ")
    }
}
