import Core
import Foundation

/// A user's figures with what the instances use.
public struct UserReport: Sendable {
    public let user: User
    public let figures: UserStatistics
    public let resources: ResourceReport
    public let collectedAt: Date
}

/// What a user's live instances use together.
public struct ResourceReport: Sendable, Hashable {
    /// Bytes.
    public var memory = 0
    public var memoryLimit = 0
    public var cpuSeconds = 0.0
    /// Per cent of one processor.
    public var currentPercent = 0.0
    public var averagePercent = 0.0

    public init() {}

    /// Per cent of the limit; zero without one.
    public var memoryPercent: Double { memoryLimit == 0 ? 0 : Double(memory) * 100 / Double(memoryLimit) }
}

/// Answers how a user's apps do: what the store knows, and what was measured before.
public struct StatisticsService: Sendable {
    private let platform: Platform

    init(platform: Platform) { self.platform = platform }

    /// What the store knows, at one moment.
    public func figures(by principal: Principal) async throws(PlatformError) -> UserStatistics {
        try await platform.statistics.statistics(owner: principal.user.id, now: platform.now())
    }

    /// The figures with what the instances use now.
    public func report(_ figures: UserStatistics, of user: User) -> UserReport {
        var resources = ResourceReport()
        for usage in platform.meter.usage(of: figures.instances).values {
            resources.memory += usage.memory
            resources.memoryLimit += usage.memoryLimit
            resources.cpuSeconds += usage.cpuSeconds
            resources.currentPercent += usage.currentPercent
            resources.averagePercent += usage.averagePercent
        }
        resources.memoryLimit = max(resources.memoryLimit, platform.configuration.userMemory)
        return UserReport(user: user, figures: figures, resources: resources, collectedAt: platform.now())
    }
}
