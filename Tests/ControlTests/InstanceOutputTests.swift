import ControlTestSupport
import Core
import Foundation
import TestSupport
import Testing

@testable import Control

/// What is shown of what an instance writes.
@Suite struct InstanceOutputTests {
    private let platform = TestPlatform()

    /// The output of the app's newest instance, as it is read and as it is followed.
    private func output(_ app: App, _ prod: Channel, by alice: Principal) async throws -> [[String]] {
        let instances = platform.control.instances
        let newest = try #require(try await instances.list(channel: prod.id, app: app.id, by: alice).first)
        let read = try await instances.output(of: newest.id, lines: 100, channel: prod.id, app: app.id, by: alice)
        var followed: [String] = []
        for await line in try await instances.follow(
            newest.id, lines: 100, channel: prod.id, app: app.id, by: alice)
        {
            followed.append(line)
        }
        return [read, followed]
    }

    private func password(of channel: Channel) async throws -> String {
        try #require(try await platform.stores.databases.database(channel: channel.id)).password
    }

    @Test func `values of variables and the database's password are hidden, however they are spelled`() async throws {
        let secret = "s3cret/value?of&the=app+"
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        try await platform.control.environment.set("SECRET", value: secret, app: app.id, by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        let encoded = try #require(secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let padding = String(repeating: "x", count: 8180)
        platform.runner.write([
            "ready", "plain \(secret)", "base64 \(Data(secret.utf8).base64EncodedString())", "url \(encoded)",
            "database \(try await password(of: prod))", "\u{1b}[31mred",
            "\(padding)\(secret.prefix(12))\(LineCut.goesOn)",
            "\(LineCut.continued)\(secret.dropFirst(12)) after",
        ])
        for shown in try await output(app, prod, by: alice) {
            #expect(
                shown == [
                    "ready", "plain [hidden]", "base64 [hidden]", "url [hidden]", "database [hidden]", "red",
                    "\(padding)[hidden]\(LineCut.goesOn)", "\(LineCut.continued)[hidden] after",
                ])
        }
    }

    @Test func `the values that the release was built with stay hidden when the app has others`() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        try await platform.control.environment.set("SECRET", value: "the old value", app: app.id, by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        try await platform.control.environment.set("SECRET", value: "the new value", app: app.id, by: alice)
        platform.runner.write(["the old value", "the new value"])
        for shown in try await output(app, prod, by: alice) { #expect(shown == ["[hidden]", "[hidden]"]) }
    }

    @Test func `where the release is gone the app's values and the password are hidden all the same`() async throws {
        let alice = try await platform.user()
        let (app, prod) = try await platform.webApp(by: alice)
        try await platform.control.environment.set("SECRET", value: "a secret value", app: app.id, by: alice)
        _ = try await platform.push(platform.commit("a"), app: app, by: alice)
        for release in try await platform.stores.releases.releases(channel: prod.id) {
            try await platform.stores.releases.delete(release.id)
        }
        platform.runner.write(["a secret value", try await password(of: prod), "listening"])
        for shown in try await output(app, prod, by: alice) { #expect(shown == ["[hidden]", "[hidden]", "listening"]) }
    }
}
