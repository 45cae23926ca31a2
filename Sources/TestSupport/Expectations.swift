import Foundation
import Testing

/// Waits until `condition` holds; records an issue when it does not within a minute.
public func expectEventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: @Sendable () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record(what, sourceLocation: sourceLocation)
}

extension Data {
    /// Bytes that do not compress.
    public static func noise(_ count: Int) throws -> Data {
        let source = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/dev/urandom"))
        return try source.read(upToCount: count) ?? Data()
    }
}
