import Core

extension Platform {
    /// How often it is tried to write what must be written.
    private static let attempts = 5

    /// Writes what must not be lost to a moment in which the store does not answer: tries again a few times, also when the
    /// caller is cancelled. Throws what the last attempt has thrown.
    func insisting<Value>(
        _ write: () async throws(PlatformError) -> Value
    ) async throws(PlatformError) -> Value {
        var failures = 0
        while true {
            do throws(PlatformError) { return try await write() } catch {
                failures += 1
                // Other refusals stay what they are.
                let mayPass = error.code == .unavailable || error.code == .internal
                guard mayPass, failures < Self.attempts else { throw error }
            }
            let pause = configuration.storeRetry.pause(after: failures)
            // In a task of its own, which nobody cancels.
            _ = await Task { try? await Task.sleep(for: pause) }.value
        }
    }
}
