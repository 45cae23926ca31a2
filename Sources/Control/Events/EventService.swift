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
        do throws(PlatformError) {
            try await platform.events.append(
                Event(kind, app: app, channel: channel, text: text, date: platform.now()))
        } catch {
            platform.logger.error("event not kept", metadata: ["error": "\(error)"])
        }
    }

    /// The app's events, newest first.
    public func list(
        app id: ID<App>?, limit: Int, by principal: Principal
    ) async throws(PlatformError) -> [Event] {
        try await checkAccess(app: id, by: principal)
        guard let id else { throw .notFound("app") }
        return try await platform.events.events(app: id, limit: limit)
    }

    /// Throws `.notFound`, before anything else of a request is looked at.
    public func checkAccess(app id: ID<App>?, by principal: Principal) async throws(PlatformError) {
        guard let id, try await platform.apps.app(id, owner: principal.user.id) != nil else { throw .notFound("app") }
    }
}
