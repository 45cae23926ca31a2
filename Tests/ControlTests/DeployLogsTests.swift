import Core
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Control

@Suite("A deploy's log")
struct DeployLogsTests {
    private let store = InMemoryDeployLogStore()

    private func makeLogs() -> DeployLogs {
        DeployLogs(
            store: store, now: { Date(timeIntervalSince1970: 1_776_853_860) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func text(_ deploy: ID<Deploy>) async throws -> String {
        String(decoding: try await store.read(deploy) ?? Data(), as: UTF8.self)
    }

    @Test("cannot be ended by what an app prints")
    func forgedEnding() async throws {
        let (logs, deploy) = (makeLogs(), ID<Deploy>())
        logs.open(deploy)
        logs.write(["deploy complete"], to: deploy)
        #expect(!DeployEnding.isIn(try await text(deploy)))
        logs.write(["deploy failed: no"], to: deploy)
        #expect(!DeployEnding.isIn(try await text(deploy)))
        logs.end(deploy, lastLines: DeployEnding.success, failure: nil)
        #expect(DeployEnding.isIn(try await text(deploy)))
        #expect(
            try await text(deploy) == """
                [2026-04-22T10:31:00Z] > deploy complete
                [2026-04-22T10:31:00Z] > deploy failed: no
                [2026-04-22T10:31:00Z] deploy complete

                """)
    }

    @Test("takes nothing after its end, and a late variable opens nothing")
    func afterEnd() async throws {
        let (logs, deploy) = (makeLogs(), ID<Deploy>())
        logs.open(deploy)
        logs.end(deploy, lastLines: DeployEnding.success, failure: nil)
        logs.write(["late"], to: deploy)
        logs.hide(["KEY": "a secret value"], in: deploy)
        #expect(logs.listen(to: deploy) == nil)
        #expect(try await text(deploy) == "[2026-04-22T10:31:00Z] deploy complete\n")
    }

    @Test("gives every listener every line in the file's order, whenever it came")
    func listeners() async throws {
        let (logs, deploy) = (makeLogs(), ID<Deploy>())
        logs.open(deploy)
        let early = try #require(logs.listen(to: deploy))
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask { for line in 0..<500 { logs.write(["\(writer) \(line)"], to: deploy) } }
            }
        }
        let late = try #require(logs.listen(to: deploy))
        logs.end(deploy, lastLines: DeployEnding.success, failure: nil)
        let file = try await text(deploy).split(separator: "\n").map(String.init)
        #expect(file.count == 4001)
        for stream in [early, late] {
            var lines: [String] = []
            for await case .lines(let some) in stream { lines += some }
            #expect(lines == file)
        }
    }

    @Test("hands lines on together that came at once, those with secrets and those over its size as single ones")
    func batches() async throws {
        let (logs, deploy) = (makeLogs(), ID<Deploy>())
        logs.open(deploy)
        logs.hide(["KEY": "a secret value"], in: deploy)
        let stream = try #require(logs.listen(to: deploy))
        let long = String(repeating: "x", count: LiveLog.limit)
        logs.write(["one", "with a secret value", "\u{1b}[31mred", long, "deploy complete"], to: deploy)
        logs.end(deploy, lastLines: DeployEnding.success, failure: nil)
        var events: [DeployLogEvent] = []
        for await event in stream { events.append(event) }
        let stamp = "[2026-04-22T10:31:00Z]"
        #expect(
            events == [
                .lines([
                    "\(stamp) one", "\(stamp) with [hidden]", "\(stamp) red", "\(stamp) … output cut: over 4 MiB",
                    "\(stamp) > deploy complete",
                ]),
                .lines(["\(stamp) \(long)", "\(stamp) deploy complete"]), .ended(failure: nil),
            ])
        #expect(try await text(deploy).split(separator: "\n").count == 7)
    }

    @Test("keeps its end when more is written than fits")
    func cut() async throws {
        let (logs, deploy) = (makeLogs(), ID<Deploy>())
        logs.open(deploy)
        let line = String(repeating: "x", count: 8000)
        for number in 0..<700 { logs.write(["\(number) \(line)"], to: deploy) }
        logs.end(deploy, lastLines: DeployEnding.failure("no"), failure: "no")
        let lines = try await text(deploy).split(separator: "\n")
        #expect(lines.contains { $0.hasSuffix("output cut: over 4 MiB") })
        #expect(lines[lines.count - 2].hasPrefix("[2026-04-22T10:31:00Z] 699 "))
        #expect(lines.last == "[2026-04-22T10:31:00Z] deploy failed: no")
        #expect(try await text(deploy).utf8.count < (6 << 20))
    }

    @Test("lets its listeners go when the server stops, those that come later too")
    func close() async throws {
        let (logs, deploy) = (makeLogs(), ID<Deploy>())
        logs.open(deploy)
        logs.write(["building"], to: deploy)
        let before = try #require(logs.listen(to: deploy))
        logs.close()
        let after = try #require(logs.listen(to: deploy))
        for stream in [before, after] {
            var events: [DeployLogEvent] = []
            for await event in stream { events.append(event) }
            #expect(events == [.lines(["[2026-04-22T10:31:00Z] building"])])
        }
    }

    /// Cancels every listener while the log's lock is held, as a hang-up may come just then.
    private final class HangUp: Sendable {
        let listening = Mutex<[Task<Void, Never>]>([])
        let heard = Mutex(0)

        func cancelAll() { listening.withLock { $0 }.forEach { $0.cancel() } }
        func hear(_ log: LiveLog) async {
            guard let events = log.listen() else { return }
            for await _ in events { heard.withLock { $0 += 1 } }
        }
    }

    @Test func `a listener that goes while lines are written holds nobody up`() async {
        let hangUp = HangUp()
        // What files the lines is called with the lock held.
        let log = LiveLog(lines: ["first"]) { _ in hangUp.cancelAll() }
        let tasks = (0..<50).map { _ in Task { await hangUp.hear(log) } }
        #expect(await eventually { hangUp.heard.withLock { $0 } == tasks.count })
        hangUp.listening.withLock { $0 = tasks }
        log.write(["second"], stamp: "now")
        for task in tasks { await task.value }
    }
}
