import Core
import Logging

/// An app with its channels, as it is shown.
public struct AppOverview: Sendable {
    public let app: App
    /// `prod` first, then in creation order.
    public let channels: [Channel]
}

/// Makes, shows and deletes apps.
public struct AppService: Sendable {
    private let platform: Platform
    private let databases: DatabaseService
    private let removal: Removal
    private let sites: SiteRoutes

    init(platform: Platform, databases: DatabaseService, removal: Removal, sites: SiteRoutes) {
        self.platform = platform
        self.databases = databases
        self.removal = removal
        self.sites = sites
    }

    /// The templates that an app may have.
    public var templates: [String] { platform.builder.templateNames }

    public func list(by principal: Principal) async throws(PlatformError) -> [AppOverview] {
        let apps = try await platform.apps.apps(owner: principal.user.id)
        let channels = try await platform.channels.channels(apps: apps.map(\.id))
        return apps.map { AppOverview(app: $0, channels: channels[$0.id] ?? []) }
    }

    /// Throws `.notFound` for a missing and for a foreign app alike.
    public func get(_ id: ID<App>?, by principal: Principal) async throws(PlatformError) -> AppOverview {
        guard let id, let app = try await platform.apps.app(id, owner: principal.user.id) else {
            throw .notFound("app")
        }
        return AppOverview(app: app, channels: try await platform.channels.channels(app: id))
    }

    /// Makes an app with its repository and its `prod` channel, bound to `branch:master`. Throws `.invalid` for a bad,
    /// reserved or taken name, a taken hostname and an unknown template; nothing is left then.
    public func create(
        name: String, template: String?, by principal: Principal
    ) async throws(PlatformError) -> AppOverview {
        try Policy.require(.repo, of: principal)
        let name = try AppName(name)
        let template = template ?? "static"
        guard templates.contains(template) else {
            throw .invalid(
                "template must be one of \(templates.joined(separator: ", ")), not \(NameFault.quoted(template))")
        }
        let app = App(
            ownerID: principal.user.id, ownerName: principal.user.name, name: name, template: template,
            createdAt: platform.now())
        let prodName = try ChannelName(Channel.prodName)
        let label = try SiteLabel(channel: prodName, app: name, user: principal.user.name)
        let prod = try await databases.inserting { () async throws(PlatformError) in
            let prod = Channel(
                appID: app.id, name: prodName, label: label, binding: .branch(.master), createdAt: app.createdAt)
            try await platform.apps.insert(
                app, prod: prod, database: databases.record(for: prod.id, owner: principal.user.id))
            return prod
        }
        sites.claim(sites.placeholder(of: app), for: prod)
        do throws(PlatformError) {
            try await platform.repository.create(app.id, head: .master)
        } catch {
            await undo(app, prod)
            throw error
        }
        await databases.begin(prod.id)
        platform.logger.info("app created", metadata: ["app": "\(app.id)", "user": "\(principal.user.name)"])
        return AppOverview(app: app, channels: [prod])
    }

    /// Branches, as many as somebody can look over.
    public static let maximumProtectedBranches = 100

    /// Says which branches pushes may only advance. Throws `.invalid` for a name that git refuses, with the name.
    public func protect(
        _ names: [String], of id: ID<App>?, by principal: Principal
    ) async throws(PlatformError) -> [BranchName] {
        try Policy.require(.repo, of: principal)
        _ = try await get(id, by: principal)
        guard names.count <= Self.maximumProtectedBranches else {
            throw .invalid("branches has \(names.count) names; at most \(Self.maximumProtectedBranches) are kept")
        }
        var branches: Set<BranchName> = []
        for name in names {
            guard let branch = BranchName(name) else {
                throw .invalid("branches: \"\(name.prefix(100))\" is no branch name that git accepts")
            }
            branches.insert(branch)
        }
        guard let id, try await platform.apps.setProtectedBranches(branches, of: id, owner: principal.user.id) else {
            throw .notFound("app")
        }
        return branches.sorted { $0.rawValue < $1.rawValue }
    }

    /// Deletes an app with all that belongs to it. When this returns its name and hostnames are free.
    public func delete(_ id: ID<App>?, by principal: Principal) async throws(PlatformError) {
        try Policy.require(.repo, of: principal)
        guard let id, let app = try await platform.apps.app(id, owner: principal.user.id) else {
            throw .notFound("app")
        }
        let channels = try await platform.channels.channels(app: id)
        guard try await platform.apps.markDeleted(id, owner: principal.user.id) else { throw .notFound("app") }
        platform.pass(.deletionMarked)
        for channel in channels { sites.withdraw(channel) }
        platform.logger.info("app deleted", metadata: ["app": "\(id)", "user": "\(principal.user.name)"])
        await removal.remove(app, channels: channels)
    }

    /// Takes back an app that could not be completed. What fails here is finished at the next start.
    private func undo(_ app: App, _ prod: Channel) async {
        sites.withdraw(prod)
        do throws(PlatformError) {
            guard try await platform.apps.markDeleted(app.id, owner: app.ownerID) else { return }
            await removal.remove(app, channels: [prod])
        } catch {
            platform.logger.error(
                "incomplete app not removed", metadata: ["app": "\(app.id)", "error": "\(error)"])
        }
    }
}
