import Core

/// A stream that ends when the token is revoked that it was asked for with, and that counts until it has ended.
enum TokenBoundStream {
    /// How often the token is looked at.
    private static let interval = Duration.seconds(1)

    /// Throws `.rateLimited` when there are too many.
    /// - Parameter buffering: elements that wait at most for a slow reader, newest first; `nil` for all.
    static func bind<Element: Sendable, Other: Sendable>(
        _ source: AsyncStream<Element>, _ tokens: TokenService, _ principal: Principal, among followers: Followers,
        buffering: Int? = nil, _ transform: @escaping @Sendable (Element) -> Other
    ) throws(PlatformError) -> AsyncStream<Other> {
        try followers.enter(principal.user.id)
        return AsyncStream(bufferingPolicy: buffering.map { .bufferingNewest($0) } ?? .unbounded) { continuation in
            let forwarding = Task {
                for await element in source { continuation.yield(transform(element)) }
                continuation.finish()
            }
            let looking = Task {
                while (try? await Task.sleep(for: interval)) != nil {
                    do throws(PlatformError) { try await tokens.requireLive(principal) } catch {
                        if error.code == .tokenRevoked { return continuation.finish() }
                    }
                }
            }
            continuation.onTermination = { _ in
                forwarding.cancel()
                looking.cancel()
                followers.leave(principal.user.id)
            }
        }
    }
}
