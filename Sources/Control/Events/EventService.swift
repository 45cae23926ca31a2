import Core
import Logging

/// Keeps what the server did by itself, and shows it.
public struct EventService: Sendable {
    private let platform: Platform

    init(platform: Platform) { self.platform = platform }

    /// One line in the server's log and one event.
    func note(_ kind: Event.Kind, app: ID<App>? = nil, channel: ID<Channel>? = nil, _ text: String) async {
        var facts: Logger.Metadata = ["kind": "\(kind.rawValue)", "what": "\(text)"]
        if let channel { facts["channel"] = "\(channel)" }
        platform.logger.notice("repaired", metadata: facts)
        let event = Event(kind, app: app, channel: channel, text: text, date: platform.now())
        do throws(PlatformError) {
            // Not for ever: whoever tells of something may hold others up.
            try await platform.recording { () async throws(PlatformError) in try await platform.events.append(event) }
        } catch {
            platform.logger.error("event not kept", metadata: ["error": "\(error)"])
        }
    }

    /// Of a build's container it is told whose it was.
    func noteStray(_ container: String) async {
        var deploy: Deploy?
        if let id = ContainerTask.deploy(inName: container) { deploy = try? await platform.deploys.deploy(id) }
        await note(
            .strayRemoved, app: deploy?.appID, channel: deploy?.channelID,
            "the container \(container) was nobody's and was removed")
    }

    /// An instance was started in the place of one that was not there or could not go on.
    func noteReplacement(of channel: Channel, because what: String) async {
        await note(
            .instanceReplaced, app: channel.appID, channel: channel.id, "an instance was started anew: \(what)")
    }

    /// The app's events, newest first.
    public func list(
        app id: ID<App>?, limit: Int, by principal: Principal
    ) async throws(PlatformError) -> [Event] {
        try await checkAccess(app: id, by: principal)
        guard let id else { throw .notFound("app") }
        return try await platform.events.events(app: id, limit: limit)
    }

    /// The events that are about no app, newest first; for an administrator.
    public func listOfMachine(limit: Int, by principal: Principal) async throws(PlatformError) -> [Event] {
        try await requireAdmin(principal)
        return try await platform.events.machineEvents(limit: limit)
    }

    /// Throws `.adminNotConfigured` and `.forbidden`.
    public func requireAdmin(_ principal: Principal) async throws(PlatformError) {
        let exists = principal.user.isAdmin ? true : try await platform.users.hasAdmin()
        try Policy.requireAdmin(principal, exists: exists)
    }

    /// Throws `.notFound`, before anything else of a request is looked at.
    public func checkAccess(app id: ID<App>?, by principal: Principal) async throws(PlatformError) {
        guard let id, try await platform.apps.app(id, owner: principal.user.id) != nil else { throw .notFound("app") }
    }
}
