import Core

extension Platform {
    /// The caller's channel, looked up inside its app only. Throws `.notFound` for what is missing and for what is
    /// somebody else's alike.
    func channel(
        _ id: ID<Channel>?, app appID: ID<App>?, of principal: Principal
    ) async throws(PlatformError) -> Channel {
        guard let appID, try await apps.app(appID, owner: principal.user.id) != nil else { throw .notFound("app") }
        guard let id, let channel = try await channels.channel(id, app: appID) else { throw .notFound("channel") }
        return channel
    }
}
