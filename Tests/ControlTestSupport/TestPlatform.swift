import Control
import Core
import Foundation
import Logging
import TestSupport

/// A whole control plane over stores in memory and scripted rooms.
public struct TestPlatform: Sendable {
    public let stores = InMemoryStores()
    public let repository = InMemoryRepository()
    public let builder = ScriptedBuilder()
    public let runner = ScriptedRunner()
    public let routes = RecordingRoutes()
    public let provisioner = ScriptedProvisioner()
    public let meter = ScriptedMeter()
    public let volumes = RecordingVolumes()
    public let disk = ScriptedDisk()
    /// What is logged, after a restart too.
    public let serverLog = RecordingLog()
    public let control: ControlPlane

    /// - Parameters:
    ///   - hooks: the operator's programs.
    ///   - adjust: changes of the settings that tests run with.
    public init(hooks: (any HookRunner)? = nil, adjust: (inout ControlConfiguration) -> Void = { _ in }) {
        control = ControlPlane(
            Self.platform(
                StoreSet(stores), repository, builder, runner, meter, routes, provisioner, volumes: volumes,
                serverLog, hooks: hooks, disk: disk,
                adjust: adjust))
    }

    /// The same state under a new control plane, as after a restart of the server.
    public func restarted(
        withPostgres: Bool = true, hooks: (any HookRunner)? = nil,
        adjust: (inout ControlConfiguration) -> Void = { _ in }
    ) -> ControlPlane {
        ControlPlane(
            Self.platform(
                StoreSet(stores), repository, builder, runner, meter, routes, withPostgres ? provisioner : nil,
                volumes: volumes, serverLog, hooks: hooks, adjust: adjust))
    }

    /// A control plane over other stores, with this platform's rooms.
    public func over(_ stores: StoreSet, version: @escaping DataVersionSource = { nil }) -> ControlPlane {
        ControlPlane(
            Self.platform(
                stores, repository, builder, runner, meter, routes, provisioner, volumes: volumes, serverLog,
                version: version))
    }

    /// A control plane over other routes, with this platform's state.
    public func over(routes: any RoutePublisher) -> ControlPlane {
        ControlPlane(
            Self.platform(
                StoreSet(stores), repository, builder, runner, meter, routes, provisioner, volumes: volumes, serverLog))
    }

    /// A user with a token.
    public func user(_ name: String = "alice") async throws -> Principal {
        let (_, token) = try await control.users.add(name: name, isAdmin: false)
        return try await control.tokens.authenticate(token.plaintext)
    }

    /// What a push of `commit` to `branch` does, as far as the platform is asked.
    public func push(
        _ commit: CommitID, to branch: String = "master", app: App, by principal: Principal, ref: Bool = true
    ) async throws -> [PushEvent] {
        guard let name = BranchName(branch) else { throw PlatformError(.invalid, "not a branch: \(branch)") }
        let old = try await repository.resolve(.branch(name), app: app.id)
        let update = PushUpdate(ref: name.ref, old: old, new: commit)
        let prepared = try await control.pushes.prepare(
            [update], access: GitAccess(app: app, principal: principal))
        repository.move(name, to: commit, app: app.id)
        var events = prepared.notes.map { PushEvent.lines([$0]) }
        for await event in await control.pushes.proceed(prepared, moved: [name.ref]) { events.append(event) }
        return events
    }

    /// A commit whose name is one hex digit, forty times.
    public func commit(_ digit: Character) -> CommitID {
        guard let commit = CommitID(String(repeating: digit, count: 40)) else {
            preconditionFailure("\(digit) is not a hex digit")
        }
        return commit
    }

    private static func platform(
        _ stores: StoreSet, _ repository: InMemoryRepository, _ builder: ScriptedBuilder,
        _ runner: ScriptedRunner, _ meter: ScriptedMeter, _ routes: any RoutePublisher,
        _ provisioner: ScriptedProvisioner?, volumes: RecordingVolumes, _ serverLog: RecordingLog,
        version: @escaping DataVersionSource = { nil }, hooks: (any HookRunner)? = nil, disk: ScriptedDisk? = nil,
        adjust: (inout ControlConfiguration) -> Void = { _ in }
    ) -> Platform {
        var configuration = ControlConfiguration()
        configuration.storeRetry = Backoff(first: .milliseconds(1), longest: .milliseconds(20))
        configuration.instanceRetry = Backoff(first: .milliseconds(1), longest: .milliseconds(20))
        configuration.wakeRetry = Backoff(first: .milliseconds(1), longest: .milliseconds(1))
        configuration.databaseRetry = Backoff(first: .milliseconds(1), longest: .milliseconds(20))
        configuration.databaseProbe = Backoff(first: .milliseconds(1), longest: .milliseconds(20))
        configuration.keptDeploys = 3
        configuration.keptDeploySeconds = 0
        configuration.diskReserve = DiskReserve(bytes: 100 << 20)
        configuration.watchTime = .milliseconds(400)
        configuration.buildSlots = 2
        adjust(&configuration)
        return Platform(
            users: stores.users, tokens: stores.tokens, invites: stores.invites, apps: stores.apps,
            channels: stores.channels, deploys: stores.deploys, releases: stores.releases,
            instances: stores.instances, environment: stores.environment, databases: stores.databases,
            statistics: stores.statistics, events: stores.events, deployLogs: stores.logs, repository: repository,
            builder: builder, volumes: volumes, runner: runner, meter: meter, routes: routes, provisioner: provisioner,
            hooks: hooks,
            dataVersion: version, diskRoom: { disk?.room }, volumeRoom: { disk?.room },
            userDisk: { disk?.use(of: $0) },
            address: PublicAddress(scheme: "http", domain: "localhost", port: 8080),
            configuration: configuration, now: { Date(timeIntervalSince1970: 1_776_853_860) },
            logger: serverLog.logger)
    }
}

extension TestPlatform {
    /// What the lines of the server's log say that tell of a repair.
    public var repairs: [String] {
        serverLog.entries.filter { $0.message == "repaired" }.compactMap { $0.metadata["what"] }
    }
}

/// The lines of a push.
public func lines(_ events: [PushEvent]) -> [String] {
    events.flatMap { event -> [String] in
        guard case .lines(let lines) = event else { return [] }
        return lines
    }
}

/// The verdicts of a push, by ref; an empty text is a success.
public func verdicts(_ events: [PushEvent]) -> [String: String] {
    var verdicts: [String: String] = [:]
    for case .settled(let ref, let failure) in events { verdicts[ref] = failure ?? "" }
    return verdicts
}

extension TestPlatform {
    /// An app of `principal` that runs a process, with its only channel.
    public func webApp(
        _ name: String = "api1", by principal: Principal
    ) async throws -> (app: App, prod: Channel) {
        builder.use(ScriptedBuilder.web)
        let made = try await control.apps.create(name: name, template: "node", by: principal)
        return (made.app, made.channels[0])
    }

    /// The whole log of a deploy, when it has ended.
    public func log(of deploy: ID<Deploy>) async throws -> String {
        _ = await eventually { (try? await stores.deploys.deploy(deploy)?.status.isTerminal) == true }
        _ = await eventually { (try? await text(of: deploy).contains("] deploy ")) == true }
        return try await text(of: deploy)
    }

    private func text(of deploy: ID<Deploy>) async throws -> String {
        String(decoding: try await stores.logs.read(deploy) ?? Data(), as: UTF8.self)
    }
}
