import Foundation
import ServerTestSupport
import Testing

/// The live instance of an app's `prod`, as the runner has noted it.
struct RunningInstance: Decodable, Sendable {
    struct Lease: Decodable, Sendable {
        let path: String
        let hostInterface: String
    }
    struct Process: Decodable, Sendable {
        let pid: Int32
    }
    let lease: Lease
    let process: Process
    /// The container's.
    private(set) var name = ""
    /// Its folder, once it was found.
    private(set) var bundle = ""

    private enum CodingKeys: CodingKey { case lease, process }

    init(of project: Project) async throws {
        let path = "/apps/\(project.app.id)/channels/\(try await project.prod.id)/instances"
        let answer = try await project.platform.call("GET", path)
        let id = try #require(answer.text.firstMatch(of: /"instance_id":"([0-9a-f-]{36})"/)).output.1
        let bundle = "\(try project.berthd.runtimeFolder())/containers/i-\(id)"
        let record = try Data(contentsOf: URL(fileURLWithPath: "\(bundle)/record.json"))
        self = try JSONDecoder().decode(Self.self, from: record)
        (name, self.bundle) = ("i-\(id)", bundle)
    }
}

extension Berthd {
    /// How many lines of the log tell of a repair with these words.
    func repairs(_ words: String) -> Int {
        log.split(separator: "\n").filter { $0.contains("repaired") && $0.contains(words) }.count
    }

    /// Runs statements in a database as its administrator, all or none.
    func administer(_ database: String, _ statements: String) async throws {
        let (password, port) = (try secret("postgres.password"), try secret("postgres.port"))
        let result = try await run(
            [
                "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-c", statements,
                "postgresql://berth:\(password)@127.0.0.1:\(port)/\(database)",
            ])
        guard result.status == 0 else { throw HTTPFailure(description: "psql: \(result.errorText)") }
    }

    private func secret(_ name: String) throws -> String {
        try String(contentsOfFile: "\(data)/secrets/\(name)", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

extension Platform {
    /// What the server did by itself for no app, newest first.
    func machineEvents() async throws -> [Project.Events.Event] {
        let answer = try await call("GET", "/admin/events")
        return try JSONDecoder().decode(Project.Events.self, from: answer.body).events
    }
}

extension Project {
    struct Events: Decodable {
        struct Event: Decodable {
            let kind: String
            let text: String
        }
        let events: [Event]
    }

    /// How many lines of the server's log tell of a repair of `prod` with these words.
    func repairs(_ words: String) async throws -> Int {
        let channel = try await prod.id
        return berthd.log.split(separator: "\n")
            .filter { $0.contains("repaired") && $0.contains(channel) && $0.contains(words) }.count
    }

    /// Runs a container that the server does not know, made like the instance. Returns its name.
    func runStray(like instance: RunningInstance) async throws -> String {
        let stray = "i-\(UUID().uuidString.lowercased())"
        let bundle = "\(berthd.folder)/\(stray)"
        try FileManager.default.createDirectory(atPath: bundle, withIntermediateDirectories: false)
        let runtime = try berthd.runtimeFolder()
        let node = (runtime as NSString).lastPathComponent
        try String(contentsOfFile: "\(instance.bundle)/config.json", encoding: .utf8)
            .replacing(/"cgroupsPath":"[^"]*"/, with: "\"cgroupsPath\":\"/berth/\(node)/\(stray)\"")
            .write(toFile: "\(bundle)/config.json", atomically: true, encoding: .utf8)
        // Nobody reads what it prints.
        try await command(
            "sh", "-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh", "runc", "--root", "\(runtime)/runc", "run",
            "--detach", "--bundle", bundle, stray)
        return stray
    }

    /// What the server did for the app by itself, newest first.
    func events() async throws -> [Events.Event] {
        let answer = try await platform.call("GET", "/apps/\(app.id)/events")
        return try JSONDecoder().decode(Events.self, from: answer.body).events
    }

    func command(_ command: String...) async throws { try await self.command(command) }

    /// Runs a program of the machine; throws when it fails.
    func command(_ command: [String]) async throws {
        let result = try await run(command)
        guard result.status == 0 else { throw HTTPFailure(description: "\(command): \(result.errorText)") }
    }
}
