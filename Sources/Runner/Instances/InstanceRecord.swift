import Core
import Foundation

/// What is kept about an instance beside its bundle, so that a restarted server can take it over.
struct InstanceRecord: Sendable, Codable {
    let id: ID<Instance>
    let channel: ID<Channel>
    let release: ID<Release>
    let plan: RunPlan
    let limits: ContainerLimits
    let lease: NetworkLease
    /// Whose share of the machine it takes from.
    let owner: ID<User>?
    /// Paths of its volumes on the host; `nil` for none.
    let volumes: [String]?
    /// First process of the container; `nil` until it was made.
    var process: ProcessIdentity?
    /// What is mounted in the container, as that process sees it; `nil` where that was never looked at.
    var mounts: [String]?
    /// It answered once: a crash is restarted.
    var isReady = false

    var endpoint: InstanceEndpoint { InstanceEndpoint(id: id, host: lease.address, port: plan.port) }

    static let namePrefix = "i-"

    /// The container's name.
    static func name(_ id: ID<Instance>) -> String { "\(namePrefix)\(id)" }

    init(specification: InstanceSpecification, lease: NetworkLease) {
        id = specification.id
        channel = specification.channel
        release = specification.release
        plan = specification.plan
        limits = specification.limits
        owner = specification.owner
        volumes = specification.volumes.isEmpty ? nil : specification.volumes.map(\.source)
        self.lease = lease
    }

    /// A mount point of the container that is one no more; `nil` for none, and when the process has ended.
    var missingMount: String? {
        guard let mounts, let process, let present = MountTable.points(of: process) else { return nil }
        return mounts.first(where: Set(mounts).subtracting(present).contains)
    }

    /// Reads a record; `nil` when there is none or when it cannot be understood.
    init?(path: String) {
        guard let data = FileManager.default.contents(atPath: path),
            let record = try? JSONDecoder().decode(Self.self, from: data)
        else { return nil }
        self = record
    }

    func save(to path: String) throws(PlatformError) {
        let data: Data
        do {
            data = try JSONEncoder().encode(self)
        } catch {
            throw .internal("an instance could not be recorded", cause: error)
        }
        try HostFiles.write(data, to: path)
    }
}
