import Core

/// Requests that wait for an app to start: who starts it, and how they hear of it.
extension RouteTableBox {
    public func activity(of instance: ID<Instance>) -> InstanceActivity? { upstream(of: instance)?.requests.activity }

    public func refuseHeld(at hostname: String) {
        for worker in attachedWorkers { worker.refuseHeld(at: hostname) }
    }

    /// What was at `hostname` is replaced: who waited for that looks anew.
    func tellHeld(at hostname: String, replaced: RouteTarget?) {
        guard case .placeholder(let placeholder)? = replaced, placeholder.holdsRequests else { return }
        for worker in attachedWorkers { worker.resumeHeld(at: hostname) }
    }
}

extension RouteTarget.Placeholder {
    /// Requests wait until the hostname leads elsewhere.
    var holdsRequests: Bool {
        switch self {
        case .switching, .asleep: true
        case .awaitingFirstDeploy, .worker, .starting, .suspended: false
        }
    }
}
