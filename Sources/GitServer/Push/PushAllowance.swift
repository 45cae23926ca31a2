import Core
import Git

/// How much a pusher's repositories may take.
struct PushAllowance: Sendable {
    /// All apps of the owner.
    let apps: [ID<App>]
    /// Bytes of one repository.
    let repositoryBytes: Int
    /// Bytes of all of them.
    let userBytes: Int

    /// What is left of it to a push to `app` now.
    func quota(of app: ID<App>, in store: RepositoryStore) async -> StorageQuota {
        await store.quota(of: app, among: apps, limit: repositoryBytes, ownerLimit: userBytes)
    }
}
