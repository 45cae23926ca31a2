/// What the operator's programs are run for.
public enum HookEvent: String, Sendable, CaseIterable {
    /// A push has come and nothing of it is in force; it may be refused.
    case preReceive = "pre-receive"
    /// The refs of a push have moved.
    case postReceive = "post-receive"
    /// A deploy knows its commit; it may be refused.
    case preDeploy = "pre-deploy"
    /// A deploy has ended.
    case postDeploy = "post-deploy"

    /// Whether a failure refuses what the event is about.
    public var isGate: Bool { self == .preReceive || self == .preDeploy }
}

/// One occasion to run the operator's programs.
public struct HookCall: Sendable {
    public let event: HookEvent
    /// What a program reads from its standard input; made when it is asked for, since mostly there is no program.
    public var input: String { makeInput() }
    /// `BERTH_*`; the runner adds `BERTH_HOOK` and a path, and nothing else.
    public let environment: [String: String]
    private let makeInput: @Sendable () -> String

    public init(
        _ event: HookEvent, input: @autoclosure @escaping @Sendable () -> String, environment: [String: String]
    ) {
        self.event = event
        self.makeInput = input
        self.environment = environment
    }
}

/// Runs the programs that the operator has put in place.
public protocol HookRunner: Sendable {
    /// Runs the event's programs one after the other in the order of their names; what they write goes to `output`, line by
    /// line. The first failure ends a gate's run; the others' programs are all run. Throws `.forbidden` for a failure, with a
    /// line for people that names the program and how it ended. Cancelling the task ends the program.
    func run(_ call: HookCall, output: @escaping @Sendable (String) -> Void) async throws(PlatformError)
}
