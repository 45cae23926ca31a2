/// What a container is for; decides on what it reaches and on what it takes from when the machine is short of something.
enum ContainerKind: Sendable, Hashable {
    case build
    case instance

    /// By the container's name, `t-…` or `i-…`.
    init(name: String) { self = name.hasPrefix("t-") ? .build : .instance }

    /// Added to the kernel's judgement of whom to kill when the machine has no memory left (proc_pid_oom_score_adj(5)). The
    /// server itself and its Postgres have 0.
    var oomScoreAdjustment: Int { self == .build ? 800 : 400 }
}
