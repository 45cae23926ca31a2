import Foundation
import ServerTestSupport

/// What a server's data folder has of releases and of instances, by their ids.
struct KeptThings: Sendable {
    private(set) var releases: Set<String> = []
    /// Instances that have a log.
    private(set) var logs: Set<String> = []

    /// Nothing.
    init() {}

    init(of berthd: Berthd) {
        func names(_ folder: String) -> Set<String> {
            Set((try? FileManager.default.contentsOfDirectory(atPath: "\(berthd.data)/\(folder)")) ?? [])
        }
        // What an app's releases share is no release.
        releases = names("releases").subtracting(["sites"])
        logs = Set(names("logs/instances").map { $0.split(separator: ".").first.map(String.init) ?? $0 })
    }
}

extension Project {
    private struct Releases: Decodable {
        struct Release: Decodable {
            let release_id: String
            let sha: String
        }
        let releases: [Release]
    }

    private struct Instances: Decodable {
        struct Instance: Decodable {
            let instance_id: String
        }
        let instances: [Instance]
        let stopped: [Instance]
    }

    private func list<Value: Decodable>(_ name: String) async throws -> Value {
        let answer = try await platform.call("GET", "/apps/\(app.id)/channels/\(try await prod.id)/\(name)")
        return try JSONDecoder().decode(Value.self, from: answer.body)
    }

    /// The commits of the releases that `prod` can go back to, newest first.
    func keptCommits() async throws -> [String] {
        let list: Releases = try await list("releases")
        return list.releases.map(\.sha)
    }

    /// Waits until the data folder has the releases and the instances that the API shows of `prod`, and no others.
    /// - Parameter before: what others had there before.
    func expectNothingLeft(since before: KeptThings, _ what: String) async throws {
        try await eventually("what is kept is what is known, after \(what)", within: .seconds(30)) {
            let releases: Releases = try await list("releases")
            let instances: Instances = try await list("instances")
            let kept = KeptThings(of: berthd)
            let known = Set(releases.releases.map(\.release_id))
            let strays = kept.releases.subtracting(before.releases).subtracting(known)
            let missing = known.subtracting(kept.releases)
            let logs = kept.logs.subtracting(before.logs)
                .subtracting((instances.instances + instances.stopped).map(\.instance_id))
            guard strays.isEmpty, missing.isEmpty, logs.isEmpty else {
                throw DeadlineExceeded(
                    description: "releases that nobody knows: \(strays), that are gone: \(missing), "
                        + "logs of unknown instances: \(logs)")
            }
            return true
        }
    }
}
