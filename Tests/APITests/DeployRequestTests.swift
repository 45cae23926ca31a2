import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

/// `POST …/deploy` (seed 000): the syntax is looked at now, the repository when the deploy runs.
@Suite("The deploy endpoint")
struct DeployRequestTests {
    private let api = TestAPI()

    /// An app with a channel for any branch, beside `prod`.
    private struct World {
        let token: String
        let app: String
        let prod: String
        let any: String

        func path(_ channel: String) -> String { "/apps/\(app)/channels/\(channel)" }
    }

    private func world(_ name: String = "my-site", token: String? = nil) async throws -> World {
        let secret: String
        if let token { secret = token } else { secret = try await api.token() }
        let app = try await api.app(name, token: secret)
        let any = try await api.call(
            .post, "/apps/\(app.id)/channels", token: secret, body: #"{"name":"any","git_ref_binding":"branch:*"}"#)
        return World(token: secret, app: app.id, prod: app.prod, any: try #require(any.object["id"] as? String))
    }

    private func move(_ branch: String, to digit: Character, _ world: World) throws {
        api.platform.repository.move(
            try #require(BranchName(branch)), to: api.platform.commit(digit), app: try #require(ID(world.app)))
    }

    private func ask(_ sha: String, _ channel: String, _ world: World) async throws -> TestAPI.Reply {
        try await api.call(
            .post, "\(world.path(channel))/deploy", token: world.token,
            body: #"{"sha":\#(JSONValue.string(sha).text)}"#)
    }

    /// Asks for a deploy and waits for its end.
    private func deploy(
        _ sha: String, _ channel: String, _ world: World
    ) async throws -> (id: String, status: String, log: String) {
        let reply = try await ask(sha, channel, world)
        #expect(reply.status == 200 && reply.object["status"] as? String == "queued", "\(sha): \(reply.text)")
        #expect(reply.object["channel_id"] as? String == channel)
        let id = try #require(reply.object["deploy_id"] as? String)
        _ = try await api.platform.log(of: try #require(ID(id)))
        let shown = try await api.call(.get, "/apps/\(world.app)/deploys/\(id)", token: world.token).object
        let log = try await api.call(.get, "\(world.path(channel))/logs?deploy=\(id)", token: world.token).text
        return (id, try #require(shown["status"] as? String), log)
    }

    /// What a channel shows.
    private struct Shown: Equatable {
        let sha: String?
        let status: String
    }

    private func shown(_ channel: String, _ world: World) async throws -> Shown {
        let channel = try await api.call(.get, world.path(channel), token: world.token).object
        return Shown(sha: channel["current_sha"] as? String, status: try #require(channel["status"] as? String))
    }

    @Test(arguments: ["other", "Master", "master2", "refs/heads/master", "aaaaaaa", "v1"])
    func `a branch that the channel is not bound to is refused at once, with the binding, and nothing is queued`(
        _ branch: String
    ) async throws {
        let world = try await world()
        let reply = try await ask(branch, world.prod, world)
        #expect(reply.status == 400 && reply.code == "bad_request", "\(reply.text)")
        #expect(reply.message?.contains("\"\(branch)\"") == true)
        #expect(reply.message?.contains("branch:master") == true)
        #expect(try await api.platform.stores.deploys.hasNone(app: try #require(ID(world.app))))
    }

    @Test(arguments: ["HEAD", "master", "aaaaaaa", "v1", "refs/heads/other", String(repeating: "a", count: 40)])
    func `what does not resolve ends as failed, with a log, and the channel goes on waiting`(
        _ sha: String
    ) async throws {
        let world = try await world()
        // There is something in it, under another name.
        try move("other", to: "b", world)
        let outcome = try await deploy(sha, world.any, world)
        #expect(outcome.status == "failed")
        let last = try #require(outcome.log.split(separator: "\n").last)
        #expect(last.contains("] deploy failed: ") && last.contains("is not in the repository"), "\(outcome.log)")
        #expect(try await shown(world.any, world) == Shown(sha: nil, status: "provisioning"))
    }

    @Test func `a commit of another app is not deployed, whoever owns it`() async throws {
        let mine = try await world("mine")
        let own = try await world("other", token: mine.token)
        let foreign = try await world("theirs", token: try await api.token("bob"))
        try move("master", to: "a", own)
        try move("master", to: "b", foreign)
        for digit in "ab" {
            let outcome = try await deploy(api.platform.commit(digit).rawValue, mine.prod, mine)
            #expect(outcome.status == "failed" && outcome.log.contains("is not in the repository"), "\(outcome.log)")
        }
        #expect(try await shown(mine.prod, mine).sha == nil)
        #expect(api.platform.builder.requests.isEmpty)
    }

    @Test func `HEAD is the branch that the channel is bound to, and master where any is taken`() async throws {
        let world = try await world()
        let bound = try await api.call(
            .post, "/apps/\(world.app)/channels", token: world.token,
            body: #"{"name":"qa","git_ref_binding":"branch:Feature/x"}"#)
        let qa = try #require(bound.object["id"] as? String)
        for (branch, digit) in [("master", "a"), ("Feature/x", "b"), ("feature/x", "c")] as [(String, Character)] {
            try move(branch, to: digit, world)
        }
        for (channel, digit) in [(world.prod, "a"), (qa, "b"), (world.any, "a")] as [(String, Character)] {
            let outcome = try await deploy("HEAD", channel, world)
            #expect(outcome.status == "success")
            let short = api.platform.commit(digit).rawValue.prefix(8)
            #expect(outcome.log.contains("git-sync: resolved HEAD -> \(short)"), "\(outcome.log)")
            #expect(try await shown(channel, world).sha == api.platform.commit(digit).rawValue)
        }
        // A branch by its name, in its exact case.
        #expect(try await deploy("feature/x", world.any, world).status == "success")
        #expect(try await shown(world.any, world).sha == api.platform.commit("c").rawValue)
        #expect(try await ask("feature/x", qa, world).code == "bad_request")
    }

    @Test func `a failed deploy leaves what is live, and the same commit again is a deploy of its own`() async throws {
        let world = try await world()
        try move("master", to: "a", world)
        let sha = api.platform.commit("a").rawValue
        // A commit may be written in capitals; it is shown as git shows it.
        let first = try await deploy(sha.uppercased(), world.prod, world)
        #expect(first.status == "success")
        #expect(try await shown(world.prod, world) == Shown(sha: sha, status: "running"))
        let failed = try await deploy(api.platform.commit("f").rawValue, world.prod, world)
        #expect(failed.status == "failed")
        #expect(try await shown(world.prod, world) == Shown(sha: sha, status: "running"))
        let again = try await deploy(sha, world.prod, world)
        #expect(again.status == "success" && again.id != first.id)
        #expect(again.log.hasSuffix("] deploy complete\n"))
    }
}
