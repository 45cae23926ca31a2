import Core

/// All stores of one state, whatever keeps it: what the contract suites run on.
public struct StoreSet: Sendable {
    public let users: any UserStore
    public let tokens: any TokenStore
    public let invites: any InviteStore
    public let apps: any AppStore
    public let channels: any ChannelStore
    public let deploys: any DeployStore
    public let releases: any ReleaseStore
    public let instances: any InstanceStore
    public let environment: any EnvironmentStore
    public let databases: any DatabaseStore
    public let statistics: any StatisticsStore
    public let events: any EventStore
    public let logs: any DeployLogStore

    public init(
        users: any UserStore, tokens: any TokenStore, invites: any InviteStore, apps: any AppStore,
        channels: any ChannelStore, deploys: any DeployStore, releases: any ReleaseStore,
        instances: any InstanceStore, environment: any EnvironmentStore, databases: any DatabaseStore,
        statistics: any StatisticsStore, events: any EventStore, logs: any DeployLogStore
    ) {
        self.users = users
        self.tokens = tokens
        self.invites = invites
        self.apps = apps
        self.channels = channels
        self.deploys = deploys
        self.releases = releases
        self.instances = instances
        self.environment = environment
        self.databases = databases
        self.statistics = statistics
        self.events = events
        self.logs = logs
    }

    public init(_ stores: InMemoryStores) {
        self.init(
            users: stores.users, tokens: stores.tokens, invites: stores.invites, apps: stores.apps,
            channels: stores.channels, deploys: stores.deploys, releases: stores.releases,
            instances: stores.instances, environment: stores.environment, databases: stores.databases,
            statistics: stores.statistics, events: stores.events, logs: stores.logs)
    }
}

/// One promise of a port, to be kept by every implementation. `body` gets stores with nothing in them.
public struct ContractCase: Sendable, CustomStringConvertible {
    public let description: String
    public let body: @Sendable (StoreSet) async throws -> Void

    public init(_ description: String, _ body: @escaping @Sendable (StoreSet) async throws -> Void) {
        self.description = description
        self.body = body
    }
}
