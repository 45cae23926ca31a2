import Core
import Synchronization

/// Deploys that pushes have written down before their refs moved, and what becomes of those whose push did not come to say.
final class HeldDeploys: Sendable {
    private let platform: Platform
    private let deploys: DeployService
    /// Those of pushes that are over: the store did not take what was to become of them. Others may be of a push that is
    /// under way.
    private let left = Mutex<Set<ID<Deploy>>>([])

    init(platform: Platform, deploys: DeployService) {
        self.platform = platform
        self.deploys = deploys
    }

    /// The store did not take what was to become of these.
    func leave(_ deploys: [Deploy]) { left.withLock { $0.formUnion(deploys.map(\.id)) } }

    /// Settles those that were left. What fails is tried again by the next call.
    func settleLeft() async throws(PlatformError) {
        let ids = left.withLock { $0 }
        if ids.isEmpty { return }
        for deploy in try await platform.deploys.held() where ids.contains(deploy.id) { try await settle(deploy) }
        left.withLock { $0.subtract(ids) }
    }

    /// Settles one whose push is over: where the ref has moved it is due, else it is dropped.
    func settle(_ deploy: Deploy) async throws(PlatformError) {
        guard let branch = deploy.ref.flatMap({ BranchName(ref: $0) }),
            try await platform.repository.resolve(.branch(branch), app: deploy.appID) == deploy.commit
        else { return try await platform.deploys.discard([deploy.id]) }
        try await deploys.release([deploy])
    }
}
