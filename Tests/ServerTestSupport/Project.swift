import Foundation
import TestSupport

/// An app and a working copy of its repository.
package struct Project: Sendable {
    package let platform: Platform
    package let app: Platform.App
    private let directory: TemporaryDirectory

    package var berthd: Berthd { platform.berthd }
    package var prod: Platform.Channel { get async throws { try await channel("prod") } }

    /// Makes the app and an empty repository for it.
    package init(_ name: String, template: String, on platform: Platform? = nil) async throws {
        self.platform = try platform ?? .admin()
        app = try await self.platform.createApp(name, template: template)
        directory = try TemporaryDirectory("berth-project")
        try await git("init", "--quiet", "--initial-branch=master")
        try await git("remote", "add", "origin", self.platform.remote(name))
    }

    private init(_ other: Project, on platform: Platform) {
        self.platform = platform
        (app, directory) = (other.app, other.directory)
    }

    /// The same app on another server that goes on with its state. Pushes go there from now on.
    package func moved(to platform: Platform) async throws -> Project {
        try await git("remote", "set-url", "origin", platform.remote(app.name))
        return Project(self, on: platform)
    }

    // MARK: - Files and git

    package func write(_ path: String, _ text: String) throws { try write(path, Data(text.utf8)) }

    package func write(_ path: String, _ data: Data) throws {
        let url = directory.url.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
    }

    package func remove(_ path: String) throws {
        try FileManager.default.removeItem(at: directory.url.appendingPathComponent(path))
    }

    /// Runs git in the working copy; its output. Throws when it fails.
    @discardableResult
    package func git(_ arguments: String...) async throws -> String {
        let result = try await run(["git"] + arguments, directory: directory.path)
        guard result.status == 0 else { throw HTTPFailure(description: "git \(arguments): \(result.errorText)") }
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Commits everything; the commit's name.
    @discardableResult
    package func commit(_ message: String) async throws -> String {
        try await git("add", "--all")
        try await git("commit", "--quiet", "--allow-empty", "--message", message)
        return try await git("rev-parse", "HEAD")
    }

    /// Starts a push and returns while it runs.
    package func startPush(_ refspec: String = "HEAD:refs/heads/master", options: [String] = []) throws -> TimedCommand
    {
        try TimedCommand(
            ["git", "push"] + options + ["origin", refspec], environment: TestEnvironment.plain,
            directory: directory.path)
    }

    /// Pushes; how it went.
    package func push(_ refspec: String = "HEAD:refs/heads/master", options: [String] = []) async throws
        -> CommandResult
    {
        try await startPush(refspec, options: options).result()
    }

    /// Pushes a new commit with the same files.
    package func pushAgain() async throws -> CommandResult {
        try await commit("again")
        return try await push()
    }

    /// Runs a program in the working copy; throws when it fails.
    package func runInFolder(_ command: String...) async throws {
        let result = try await run(command, directory: directory.path)
        guard result.status == 0 else { throw HTTPFailure(description: "\(command): \(result.errorText)") }
    }

    /// Pushes to another address.
    package func push(to address: String) async throws -> CommandResult {
        try await run(["git", "push", address, "HEAD:refs/heads/master"], directory: directory.path)
    }

    /// Pushes and throws unless git exits with 0.
    package func deploy(_ refspec: String = "HEAD:refs/heads/master") async throws {
        let push = try await push(refspec)
        guard push.status == 0 else {
            throw HTTPFailure(
                description: "push exited \(push.status):\n\(push.errorText)\nberthd:\n\(berthd.log.suffix(4000))")
        }
    }

    /// The refs that a fetcher is shown.
    package func remoteRefs() async throws -> [String: String] {
        var refs: [String: String] = [:]
        for line in try await git("ls-remote", "origin").split(separator: "\n") {
            let fields = line.split(separator: "\t")
            if fields.count == 2 { refs[String(fields[1])] = String(fields[0]) }
        }
        return refs
    }

    // MARK: - What is live

    package func channel(_ name: String) async throws -> Platform.Channel {
        guard let channel = try await platform.app(app.id).channels.first(where: { $0.name == name }) else {
            throw HTTPFailure(description: "\(app.name) has no channel \(name)")
        }
        return channel
    }

    /// What the site answers.
    package func get(_ path: String = "/", channel: String = "prod") async throws -> HTTPAnswer {
        try await berthd.get(host: hostname(channel), path: path)
    }

    /// Sends a text to the site.
    package func post(_ path: String, _ text: String, channel: String = "prod") async throws -> HTTPAnswer {
        try await berthd.request("POST", host: hostname(channel), path: path, body: Data(text.utf8))
    }

    package func hostname(_ channel: String = "prod") -> String {
        channel == "prod"
            ? "\(app.name)-\(platform.user).localhost" : "\(channel)-\(app.name)-\(platform.user).localhost"
    }

    /// The app's last deploy, as the API shows it.
    package func lastDeploy() async throws -> [String: Any] {
        let answer = try await platform.call("GET", "/apps/\(app.id)/deploys?limit=1")
        let page = try JSONSerialization.jsonObject(with: answer.body) as? [String: Any]
        guard let deploy = (page?["deploys"] as? [[String: Any]])?.first else {
            throw HTTPFailure(description: "\(app.name) has no deploy: \(answer.text)")
        }
        return deploy
    }

    /// The log of the app's last deploy, through the API. Deploys are found by their log files.
    package func lastLog(channel: String = "prod") async throws -> String {
        let channel = try await self.channel(channel)
        for deploy in try berthd.deploysWithLog() {
            let answer = try await platform.call(
                "GET", "/apps/\(app.id)/channels/\(channel.id)/logs?deploy=\(deploy)")
            if answer.status == 200 { return answer.text }
        }
        throw HTTPFailure(description: "no deploy of \(app.name) has a log")
    }
}

extension Berthd {
    /// Ids of the deploys that have a log file, newest first.
    fileprivate func deploysWithLog() throws -> [String] {
        let uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/
        let folder = URL(fileURLWithPath: "\(data)/logs", isDirectory: true)
        var found: [(id: String, time: Date)] = []
        let files = FileManager.default.enumerator(
            at: folder, includingPropertiesForKeys: [.contentModificationDateKey])
        while let file = files?.nextObject() as? URL {
            guard let match = file.lastPathComponent.firstMatch(of: uuid) else { continue }
            // An instance's log goes with its release meanwhile.
            let values = try? file.resourceValues(forKeys: [.contentModificationDateKey])
            guard let time = values?.contentModificationDate else { continue }
            found.append((String(match.output), time))
        }
        return found.sorted { $0.time > $1.time }.map(\.id)
    }
}
