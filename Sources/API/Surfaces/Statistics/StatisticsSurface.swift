import Control
import Core
import HTTPTypes
import NIOCore

/// `/api/user/stats` (seed 000).
struct StatisticsSurface: Surface {
    let statistics: StatisticsService
    let address: PublicAddress
    let kept: KeptFigures

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/api/user/stats", .getStatistics) { call in
                let user = call.principal.user
                let kept = try await kept.figures(of: user.id) { () async throws(PlatformError) in
                    let figures = try await statistics.figures(by: call.principal)
                    return .init(figures: figures, sites: StatisticsModel.sites(figures, user: user, address: address))
                }
                return .json(StatisticsModel.json(statistics.report(kept.figures, of: user), sites: kept.sites))
            }
        ]
    }
}

/// A user's figures on the wire.
enum StatisticsModel {
    private static let megabyte = 1_048_576.0

    /// - Parameter sites: the encoded list.
    static func json(_ report: UserReport, sites: ByteBuffer) -> JSONValue {
        let figures = report.figures
        let resources = report.resources
        return [
            "username": .string(report.user.name.rawValue),
            "user_id": .string(report.user.id.description),
            "platform": [
                "apps": .integer(figures.apps),
                "channels": .integer(figures.channels),
                "running_channels": .integer(figures.runningChannels),
                "deploys_last_hour": .integer(figures.deploysLastHour),
                "deploys_last_day": .integer(figures.deploysLastDay),
                "success_last_day": .integer(figures.successLastDay),
                "failed_last_day": .integer(figures.failedLastDay),
            ],
            "resources": [
                "mem_current_mb": .decimal(Double(resources.memory) / megabyte),
                "mem_limit_mb": .decimal(Double(resources.memoryLimit) / megabyte),
                "mem_percent": .decimal(resources.memoryPercent),
                "cpu_current_percent": .decimal(resources.currentPercent),
                "cpu_avg_percent": .decimal(resources.averagePercent),
                "cpu_usage_sec": .decimal(resources.cpuSeconds),
            ],
            "sites": .encoded(sites),
            "collected_at": .string(collected(Timestamp.string(from: report.collectedAt))),
        ]
    }

    /// The list of sites, encoded: written straight into bytes, because it is as long as the user has channels.
    static func sites(_ figures: UserStatistics, user: User, address: PublicAddress) -> ByteBuffer {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2 + 320 * figures.sites.count)
        bytes.append(UInt8(ascii: "["))
        // What all have in common is put together once.
        let (owner, domain) = ("\(user.name.rawValue)/", address.hostname(SiteLabel(stored: "")))
        var branches: [String: BranchName] = [:]
        for (index, site) in figures.sites.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            let branch = site.ref.flatMap { branches[$0] ?? BranchName(ref: $0) }
            if let ref = site.ref { branches[ref] = branch }
            write(site, branch: branch ?? site.binding.headBranch, owner: owner, domain: domain, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
        return ByteBuffer(bytes: bytes)
    }

    private static func write(
        _ site: SiteStatistics, branch: BranchName, owner: String, domain: String, to bytes: inout [UInt8]
    ) {
        func member(_ name: StaticString, _ text: String, _ rest: String = "") {
            name.withUTF8Buffer { bytes.append(contentsOf: $0) }
            bytes.append(UInt8(ascii: "\""))
            JSONValue.writeContent(text, to: &bytes)
            JSONValue.writeContent(rest, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
        member(#"{"hostname":"#, site.label.rawValue, domain)
        member(#","repo":"#, owner, site.app.rawValue)
        member(#","branch":"#, branch.rawValue)
        member(#","status":"#, site.isRunning ? "running" : "provisioning")
        if let commit = site.commit {
            member(#","sha":"#, String(decoding: commit.rawValue.utf8.prefix(7), as: UTF8.self))
        } else {
            bytes.append(contentsOf: #","sha":null"#.utf8)
        }
        member(#","latest_deploy_id":"#, site.latestDeploy.description)
        member(#","latest_deploy_status":"#, site.latestStatus.rawValue)
        bytes.append(UInt8(ascii: "}"))
    }

    /// `2026-04-24 10:30:00 UTC`, as this one endpoint writes time.
    private static func collected(_ timestamp: String) -> String {
        timestamp.replacing("T", with: " ").replacing("Z", with: " UTC")
    }
}

extension Operation {
    fileprivate static let getStatistics = Operation(
        id: "getStatistics", summary: "Get dashboard statistics for the authenticated user", tag: "Statistics",
        success: .json(
            "Statistics",
            example: [
                "username": "alice", "user_id": .string(Examples.userID),
                "platform": [
                    "apps": 3, "channels": 5, "running_channels": 4, "deploys_last_hour": 1, "deploys_last_day": 7,
                    "success_last_day": 6, "failed_last_day": 1,
                ],
                "resources": [
                    "mem_current_mb": .decimal(45.2), "mem_limit_mb": .decimal(256), "mem_percent": .decimal(17.7),
                    "cpu_current_percent": .decimal(2.5), "cpu_avg_percent": .decimal(1.1),
                    "cpu_usage_sec": .decimal(142.5),
                ],
                "sites": [
                    [
                        "hostname": "my-site-alice.localhost", "repo": "alice/my-site", "branch": "master",
                        "status": "running", "sha": "abc1234", "latest_deploy_id": .string(Examples.deployID),
                        "latest_deploy_status": "success",
                    ]
                ],
                "collected_at": "2026-04-24 10:30:00 UTC",
            ]))
}
