import TestSupport
import Testing

@testable import Postgres

/// Tests that share one cluster; each uses users and channels of its own.
@Suite(.sharedCluster)
struct PostgresServerTests {}

/// Starts one cluster for a suite and stops it after the suite's last test.
struct SharedClusterTrait: SuiteTrait, TestScoping {
    @TaskLocal static var cluster: TestCluster?

    /// The cluster of the running test.
    static var current: TestCluster {
        get throws { try #require(cluster) }
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await TestCluster.with(TemporaryDirectory("berth-postgres")) { cluster in
            try await Self.$cluster.withValue(cluster) { try await function() }
        }
    }
}

extension Trait where Self == SharedClusterTrait {
    static var sharedCluster: Self { SharedClusterTrait() }
}
