import Foundation

/// What was waited for did not happen in time.
package struct DeadlineExceeded: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// Waits until `condition` holds, asking every 10 ms. An error of the condition counts as "not yet" and is named when
/// the time is up.
package func eventually(
    _ what: String, within limit: Duration = .seconds(90), _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while true {
        var obstacle = ""
        do {
            if try await condition() { return }
        } catch {
            obstacle = " (\(error))"
        }
        guard clock.now < deadline else {
            throw DeadlineExceeded(description: "not within \(limit): \(what)\(obstacle)")
        }
        try await clock.sleep(for: .milliseconds(10))
    }
}

/// Runs `body` on a thread of its own, for calls that block.
package func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result { try body() }) }.start()
    }
}
