import Foundation

/// What was waited for did not happen in time.
struct DeadlineExceeded: Error, CustomStringConvertible {
    let description: String
}

/// Waits until `condition` holds, asking every 10 ms. An error of the condition counts as "not yet" and is named when
/// the time is up.
func eventually(
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
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result { try body() }) }.start()
    }
}
