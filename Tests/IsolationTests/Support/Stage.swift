import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// What all attacks share: a server, an app of a neighbour, and an attacker's app that has looked around in its build and in
/// its instance.
struct Stage: Sendable {
    @TaskLocal static var current: Stage?

    /// Small limits, so that they are soon reached.
    static let settings = [
        "BERTH_BUILD_SECONDS": "15", "BERTH_BUILD_MEMORY": "256", "BERTH_BUILD_PROCESSES": "96",
        "BERTH_BUILD_OUTPUT": "1",
        "BERTH_RELEASE_SIZE": "48", "BERTH_RELEASE_FILES": "4000", "BERTH_INSTANCE_MEMORY": "192",
        "BERTH_KEPT_RELEASES": "2", "BERTH_VOLUME_SIZE": "16",
    ]
    /// What only the neighbour's instance knows.
    static let neighbourSecret = "neighbours-own-\(UUID().uuidString)"
    static let outsideAddresses = [
        "203.0.113.9", "10.99.99.9", "172.20.99.9", "192.168.250.9", "100.64.99.9", "169.254.169.254", "fd00:ec2::254",
    ]
    static let webPort = 80
    static let mailPort = 25

    let berthd: Berthd
    let attacker: Project
    let neighbour: Project
    /// What the probe was told to try. From the host each of them answers, before it and after it.
    let targets: Targets
    /// What the probe saw.
    let findings: [Place: Findings]
    /// Which of `targets.pinged` answer root on the host, and root in the network of the attacker's instance.
    let pings: (host: Set<String>, instance: Set<String>)

    /// The stage of the running suite.
    static func get() throws -> Stage {
        guard let current else { throw HTTPFailure(description: "the suite has no stage: it lacks the trait .stage") }
        return current
    }

    func findings(_ place: Place) throws -> Findings { try #require(findings[place]) }

    /// Puts both apps on a server that runs.
    init(_ berthd: Berthd) async throws {
        self.berthd = berthd
        let stranger = Platform(berthd: berthd, user: "stranger", token: try await berthd.addUser("stranger"))
        let neighbour = try await Project("neighbour", template: "node", on: stranger)
        try await stranger.setEnvironment("NEIGHBOUR_SECRET", Self.neighbourSecret, app: neighbour.app.id)
        try await neighbour.commitNode("unharmed")
        try await neighbour.deploy()
        self.neighbour = neighbour

        let (listener, echo) = (try ListeningPort(), try EchoingPort())
        defer { withExtendedLifetime((listener, echo)) {} }
        (attacker, targets, findings, pings) = try await withOutsideNetwork(
            addresses: Self.outsideAddresses, ports: [Self.webPort, Self.mailPort]
        ) { _ in
            let neighbourAddress = try neighbour.instanceAddress()
            let targets = try Targets(
                berthd, neighbour: neighbourAddress, hostPort: Int(listener.port),
                hostDatagramPort: Int(echo.port))
            try await targets.expectAnswers()
            let attacker = try await Project("attacker", template: "node", on: Platform.admin())
            try ProbeApp.write(to: attacker, targets: targets)
            try await attacker.commit("look around")
            try await attacker.deploy()
            let seen = try await attacker.get("/probe")
            let network = try attacker.instanceNetwork(besides: neighbourAddress)
            let pings = (
                host: try await Ping.answering(targets.pinged),
                instance: try await Ping.answering(targets.pinged, inside: network)
            )
            try await targets.expectAnswers()
            return (
                attacker, targets,
                [
                    .build: Findings(log: try await attacker.lastLog()),
                    .instance: Findings(log: seen.text),
                ], pings
            )
        }
    }
}

/// What a probe has printed: lines `probe name=value`.
struct Findings: Sendable {
    private let values: [String: String]

    init(log: String) {
        var values: [String: String] = [:]
        for line in log.split(separator: "\n") {
            guard let match = line.firstMatch(of: /probe ([a-z0-9-]+)=(.*)$/) else { continue }
            values[String(match.1)] = String(match.2).trimmingCharacters(in: .whitespaces)
        }
        self.values = values
    }

    /// Throws when the probe did not tell: silence is no proof.
    subscript(_ name: String) -> String {
        get throws {
            guard let value = values[name] else { throw HTTPFailure(description: "the probe says nothing of \(name)") }
            return value
        }
    }

    func words(_ name: String) throws -> [String] { try self[name].split(separator: " ").map(String.init) }
}

extension Project {
    /// The address of the app's one instance on the containers' network, when no other app's runs.
    func instanceAddress() throws -> String {
        guard let lease = try leases().first else { throw HTTPFailure(description: "no instance runs") }
        return lease.address
    }

    /// Where the network namespace of an instance is mounted that has another address than this one.
    func instanceNetwork(besides address: String) throws -> String {
        guard let lease = try leases().first(where: { $0.address != address }) else {
            throw HTTPFailure(description: "no further instance runs")
        }
        return lease.path
    }

    private func leases() throws -> [Lease] {
        let folder = try "\(berthd.runtimeFolder())/containers"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("i-") }
        return names.compactMap { name in
            let record = FileManager.default.contents(atPath: "\(folder)/\(name)/record.json") ?? Data()
            return try? JSONDecoder().decode(Record.self, from: record).lease
        }
    }

    private struct Record: Decodable { let lease: Lease }
    private struct Lease: Decodable { let address: String, path: String }
}

/// Gives a suite its stage.
struct StageTrait: SuiteTrait, TestScoping {
    var isRecursive: Bool { false }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // On every address: what keeps containers from it is the firewall alone.
        let berthd = try Berthd(environment: Stage.settings, listeningOn: "0.0.0.0")
        do {
            try await berthd.start()
            try await Berthd.$current.withValue(berthd) {
                try await Stage.$current.withValue(Stage(berthd)) { try await function() }
            }
        } catch {
            try? await berthd.tearDown()
            throw error
        }
        try await berthd.tearDown()
    }
}

extension Trait where Self == StageTrait {
    static var stage: Self { StageTrait() }
}
