import Control
import ControlTestSupport
import Core
import TestSupport
import Testing

@testable import Router

/// The reconciler over the router's own table, asked by clients.
@Suite struct ReconciledRoutesTests {
    enum Loss: CaseIterable, Sendable {
        /// The hostname leads nowhere.
        case withdrawn
        /// It leads to something else.
        case astray

        /// What a client is answered then.
        var status: Int { self == .withdrawn ? 404 : 503 }

        func take(_ hostname: String, from routes: RouteTableBox) {
            switch self {
            case .withdrawn: routes.withdraw(hostname)
            case .astray: routes.publish(.placeholder(.starting), at: hostname)
            }
        }
    }

    @Test(arguments: Loss.allCases)
    func aHostnameThatWasLostLeadsWhereItShouldAgain(loss: Loss) async throws {
        let platform = TestPlatform()
        let alice = try await platform.user()
        let app = try StubUpstream.saying("the app")
        if case .instance(let endpoint) = app.target { platform.runner.place(at: endpoint.host, port: endpoint.port) }
        let (web, _) = try await platform.webApp("web", by: alice)
        _ = try await platform.push(platform.commit("a"), app: web, by: alice)
        platform.builder.use { _, _ in
            BuildResult(plan: RunPlan(kind: .worker, command: ["true"]), isPristine: false, site: nil)
        }
        let worker = try await platform.control.apps.create(name: "worker", template: "node", by: alice).app
        _ = try await platform.push(platform.commit("b"), app: worker, by: alice)
        let files = try TestSite(["index.html": "the site"])
        platform.builder.setSite(files.site)
        platform.builder.use(ScriptedBuilder.staticSite)
        let site = try await platform.control.apps.create(name: "site", template: nil, by: alice).app
        _ = try await platform.push(platform.commit("c"), app: site, by: alice)

        try await TestRouter.with { router in
            let control = platform.over(routes: router.routes)
            _ = try await control.restore()
            let shown = [(web, "the app"), (worker, "answers no requests"), (site, "the site")]
            for (app, text) in shown {
                let host = "\(app.name.rawValue)-alice.localhost"
                #expect(try await router.get(host: host).text.contains(text))
                loss.take(host, from: router.routes)
                #expect(try await router.get(host: host).status == loss.status)
            }
            await control.reconcile()
            for (app, text) in shown {
                let answer = try await router.get(host: "\(app.name.rawValue)-alice.localhost")
                #expect(answer.status == 200 && answer.text.contains(text))
                #expect(
                    try await control.events.list(app: app.id, limit: 9, by: alice).map(\.kind) == [.routeRestored])
            }
        }
        app.close()
    }
}
