import Core
import Synchronization
import TestSupport
import Testing

@testable import Control

@Suite("A deadline")
struct DeadlineTests {
    @Test("lets through what the work returns and throws")
    func ends() async throws {
        #expect(try await Deadline.run("it", limit: .seconds(60)) { () async throws(PlatformError) in 7 } == 7)
        let error = await #expect(throws: PlatformError.self) {
            try await Deadline.run("it", limit: .seconds(60)) { () async throws(PlatformError) in
                throw PlatformError.notFound("it")
            }
        }
        #expect(error?.code == .notFound)
    }

    @Test("ends work that heeds it, and says what took too long")
    func late() async {
        let isCancelled = Mutex(false)
        let error = await #expect(throws: PlatformError.self) {
            try await Deadline.run("the step build", limit: .milliseconds(10)) { () async throws(PlatformError) in
                try? await Task.sleep(for: .seconds(600))
                isCancelled.withLock { $0 = Task.isCancelled }
                throw PlatformError(.cancelled, "cancelled")
            }
        }
        #expect(error?.code == .timeout)
        #expect(error?.message.hasPrefix("the step build did not end within") == true)
        #expect(isCancelled.withLock { $0 })
    }

    @Test("leaves work alone that heeds nothing")
    func abandoned() async {
        let (gate, open) = AsyncStream<Void>.makeStream()
        let error = await #expect(throws: PlatformError.self) {
            try await Deadline.run("it", limit: .milliseconds(10), grace: .milliseconds(10)) {
                () async throws(PlatformError) in
                // In a task of its own, which nobody cancels.
                await Task { for await _ in gate { break } }.value
            }
        }
        #expect(error?.code == .timeout)
        open.finish()
    }

    @Test("hands a cancellation on and waits for the work")
    func cancelled() async {
        let hasBegun = Mutex(false)
        let task = Task {
            try await Deadline.run("it", limit: .seconds(600)) { () async throws(PlatformError) in
                hasBegun.withLock { $0 = true }
                try? await Task.sleep(for: .seconds(600))
                throw PlatformError(.cancelled, "cancelled")
            }
        }
        #expect(await eventually { hasBegun.withLock { $0 } })
        task.cancel()
        let error = await #expect(throws: PlatformError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    @Test("leaves work alone that does not heed a cancellation, long before its time is over")
    func unheeding() async throws {
        let gate = Gate()
        gate.close()
        let task = Task {
            try await Deadline.run("it", limit: .seconds(600), patience: .milliseconds(10)) {
                () async throws(PlatformError) in await gate.pass()
            }
        }
        #expect(await eventually { gate.queue == 1 })
        task.cancel()
        let error = await #expect(throws: PlatformError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        gate.open()
    }

    @Test("does not fail work that was told to end and has come to its end instead")
    func lateSuccess() async throws {
        let value = try await Deadline.run("it", limit: .milliseconds(1)) { () async throws(PlatformError) in
            try? await Task.sleep(for: .seconds(600))
            return 7
        }
        #expect(value == 7)
    }
}
