/// What an app's settings forbid to pushers, beyond git's own rules.
struct PushPolicy: Sendable {
    /// Full names of branches that may be advanced, and neither moved elsewhere nor deleted.
    var protectedBranches: Set<String> = []
}
