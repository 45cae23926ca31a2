import Core
import Foundation
import Testing

@testable import Postgres

extension PostgresServerTests {
    /// Many who want something of a server at the same time.
    @Suite(.timeLimit(.minutes(2)))
    struct CrowdTests {
        private let cluster: TestCluster

        init() throws { cluster = try SharedClusterTrait.current }

        @Test func `however many wait, the administrator has so many connections and no more`() async throws {
            let proxy = try SilentProxy(to: cluster.cluster.endpoint().port)
            defer { proxy.close() }
            var target = PostgresTarget(url: try cluster.adminURL(port: proxy.port))
            target.limits = ConnectionLimits(connectSeconds: 2, statementSeconds: 2, lockSeconds: 2, graceSeconds: 1)
            let endpoint = try cluster.cluster.endpoint()
            let crowded = PostgresProvisioner(
                limits: ProvisionerLimits(request: .seconds(5)), logger: TestCluster.logger
            ) { [target] () throws(PlatformError) in (target, endpoint) }
            // Whoever connects now keeps its place until it gives up.
            proxy.fallSilent()
            let codes = await withTaskGroup(of: PlatformError.Code?.self) { group in
                for number in 0..<48 {
                    group.addTask {
                        do throws(PlatformError) {
                            switch number % 4 {
                            case 0: try await crowded.provision(.fresh(), password: "secret")
                            case 1: _ = try await crowded.storage(database: "u_x")
                            default: _ = try await crowded.figures(.fresh())
                            }
                        } catch {
                            return error.code
                        }
                        return nil
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes == Array(repeating: .databaseUnavailable, count: 48))
            // Four for what is made and four for what is looked at; those that were given up may still be closing.
            let most = proxy.mostAtOnce
            #expect((1...AdminConnections.width * 4).contains(most), "\(most)")
            crowded.close()
        }
    }
}
