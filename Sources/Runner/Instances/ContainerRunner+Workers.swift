import Core
import Glibc

extension ContainerRunner {
    private static let lookInterval = Duration.milliseconds(20)
    private static let earlyLines = 500
    private static let lastLines = 20

    /// Waits until a process is ready that says so itself: it has made its file, or, a worker, has stayed up for a while where
    /// that is enough.
    func waitUntilUp(
        _ supervisor: InstanceSupervisor, specification: InstanceSpecification, log: any DeployLogSink
    ) async throws(PlatformError) {
        let plan = specification.plan
        let what = plan.kind == .worker ? "the worker" : "the app"
        let follower = OutputFollower(log: supervisor.log, sink: log, limit: Self.earlyLines)
        let process = await supervisor.process
        let begun = ContinuousClock.now
        while true {
            follower.follow()
            if let exit = runtime.exit(of: supervisor.name, process: process, limits: specification.limits) {
                for line in supervisor.log.tail(Self.lastLines) { log.write("  \(line)") }
                throw PlatformError(.buildFailed, "\(what) \(exit.description) before it was ready")
            }
            if let process, Self.hasReadyFile(process.pid) { return }
            let age = ContinuousClock.now - begun
            if plan.readiness != .file {
                if age >= configuration.upTime { return }
            } else if age >= .seconds(plan.readySeconds) {
                throw PlatformError(
                    .buildFailed,
                    "\(what) did not make the file that \(RunPlan.readyFileVariable) names within \(plan.readySeconds) s"
                )
            }
            guard (try? await Task.sleep(for: Self.lookInterval)) != nil else {
                throw PlatformError(.cancelled, "the deploy was cancelled while \(what) started")
            }
        }
    }

    /// Looks whether there is an entry of that name, whatever it is: nothing of the tenant's is opened or followed. `/tmp` itself is
    /// a mount that the tenant cannot replace.
    private static func hasReadyFile(_ pid: pid_t) -> Bool {
        var info = stat()
        return lstat("/proc/\(pid)/root\(RunPlan.readyFile)", &info) == 0
    }
}
