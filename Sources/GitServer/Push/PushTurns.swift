import Core

/// Lets one push of a repository at a time from the last look at its refs to the moving of them. Without it a push that
/// is about to lose a race for a ref could have its deploys supersede the winner's.
actor PushTurns {
    /// Those who wait for a repository's turn; an entry means that somebody has it.
    private var waiting: [ID<App>: [CheckedContinuation<Void, Never>]] = [:]

    func take(_ app: ID<App>) async {
        guard waiting[app] != nil else {
            waiting[app] = []
            return
        }
        await withCheckedContinuation { waiting[app, default: []].append($0) }
    }

    func giveBack(_ app: ID<App>) {
        guard let next = waiting[app]?.first else {
            waiting[app] = nil
            return
        }
        waiting[app]?.removeFirst()
        next.resume()
    }
}
