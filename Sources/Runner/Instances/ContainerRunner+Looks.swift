import Core
import Synchronization

extension ContainerRunner {
    /// Time that an instance gets to answer when it is looked at.
    private static let lookPatience = Duration.seconds(5)
    private static let followInterval = Duration.milliseconds(200)
    /// Bytes of the log's end that are looked through for its last lines.
    private static let followTail = 256 << 10
    /// Lines that wait at most for somebody who reads slowly; older ones are left out.
    private static let followBacklog = 5000

    public func fault(of id: ID<Instance>) async -> String? {
        guard let supervisor = supervisors.withLock({ $0[id] }) else { return "it does not run" }
        if let exit = await supervisor.exit() { return "the app \(exit.description)" }
        if await supervisor.plan.kind == .worker { return nil }
        let (plan, endpoint) = (await supervisor.plan, await supervisor.endpoint)
        let outcome = await HTTPProbe(
            host: endpoint.host, port: plan.port, path: plan.probedPath,
            patience: Self.lookPatience
        ).ask()
        return switch outcome {
        case _ where outcome.isReady: nil
        case .refused, .unreachable: "the app does not answer on port \(plan.port): \(outcome.description)"
        default: "the app \(outcome.description)"
        }
    }

    public func endpoint(of id: ID<Instance>) async -> InstanceEndpoint? {
        guard let supervisor = supervisors.withLock({ $0[id] }) else { return nil }
        return await supervisor.endpoint
    }

    public func damage(of id: ID<Instance>) async -> String? {
        guard let supervisor = supervisors.withLock({ $0[id] }) else { return "nobody supervises it" }
        return await supervisor.damage()
    }

    public func mendNetwork() async throws(PlatformError) -> String? { try await network.mendBridge() }

    public func removeStrays() async -> [String] {
        let found = Set(HostFiles.names(in: runtime.paths.containers) + HostFiles.names(in: runtime.paths.state))
            .filter { $0.hasPrefix(InstanceRecord.namePrefix) || ContainerKind(name: $0) == .build }
        // Asked for afterwards: what is being made is known before there is anything of it, and what is being removed until
        // there is nothing of it any more.
        let known = Set(supervisors.withLock { Array($0.keys) }.map { InstanceRecord.name($0) })
            .union(tasks.withLock { $0 })
        let strays = found.subtracting(known)
        for name in strays {
            await runtime.delete(name)
            let bundle = runtime.paths.bundle(name)
            for point in MountTable.points(below: bundle) { MountTable.unmount(point) }
            HostFiles.remove(bundle)
        }
        return strays.sorted()
    }

    public func follow(_ id: ID<Instance>, last lines: Int) -> AsyncStream<String> {
        AsyncStream(bufferingPolicy: .bufferingNewest(Self.followBacklog)) { continuation in
            let path = logPath(id)
            let task = Task {
                var reader = ContainerLog.Reader(path: path, last: Self.followTail)
                let isGone = self.supervisors.withLock { $0[id] == nil }
                let written = reader.readMore() + (isGone ? reader.end() : [])
                for line in written.suffix(lines) { continuation.yield(line) }
                while self.supervisors.withLock({ $0[id] != nil }),
                    (try? await Task.sleep(for: Self.followInterval)) != nil
                {
                    for line in reader.readMore() { continuation.yield(line) }
                }
                for line in reader.readMore() + reader.end() { continuation.yield(line) }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}
