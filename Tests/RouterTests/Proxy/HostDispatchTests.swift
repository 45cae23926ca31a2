import Core
import TestSupport
import Testing

@testable import Router

@Suite struct HostDispatchTests {
    private func withRouter(_ body: (TestRouter) async throws -> Void) async throws {
        let folder = try TemporaryDirectory("router-dispatch")
        let api = try StubUpstream.answering(path: folder.path("api.sock")) { _, _ in
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\napi"
        }
        let app = try StubUpstream.saying("app")
        defer {
            api.close()
            app.close()
        }
        let routes = ["api.localhost": api.target, "app.localhost": app.target]
        try await TestRouter.with(routes) { try await body($0) }
    }

    @Test(arguments: [
        ("app.localhost", "app"), ("APP.LocalHost:8080", "app"), ("app.localhost.", "app"), ("api.localhost:1", "api"),
        ("127.0.0.1", "api"), ("127.0.0.1:8080", "api"), ("10.1.2.3", "api"), ("[::1]:8080", "api"),
    ])
    func routesByName(_ host: String, _ text: String) async throws {
        try await withRouter { router async throws in #expect(try await router.get(host: host).text == text) }
    }

    @Test(arguments: ["other.localhost", "app.localhost.evil.example", "xapp.localhost", "localhost", "127.1"])
    func anUnknownNameIsNobodys(_ host: String) async throws {
        try await withRouter { router async throws in
            let response = try await router.get(host: host)
            #expect(response.status == 404)
            #expect(response.text.contains("Nothing is published under this name"))
        }
    }

    @Test func probesFindTheAPIUnderAnyName() async throws {
        try await withRouter { router async throws in
            #expect(try await router.get("/healthz", host: "nobody.example").text == "api")
            #expect(try await router.get("/metrics?x", host: "nobody.example").text == "api")
            #expect(try await router.get("/healthz/x", host: "nobody.example").status == 404)
            #expect(try await router.get("/healthz").text == "app")
            #expect(try await router.exchange("GET /healthz HTTP/1.0\r\n\r\n").text == "api")
            #expect(try await router.exchange("GET / HTTP/1.0\r\n\r\n").status == 404)
        }
    }

    @Test(arguments: [
        "", "Host:\r\n", "Host: a b\r\n", "Host: app.localhost\r\nHost: app.localhost\r\n", "Host: %61\r\n",
    ])
    func aRequestWithoutAUsableHostIsRefused(_ line: String) async throws {
        try await withRouter { router async throws in
            let response = try await router.exchange("GET / HTTP/1.1\r\n\(line)\r\n")
            #expect(response.status == 400)
            #expect(response["connection"] == "close")
        }
    }

    @Test func sitesThatCannotBeServedSaySo() async throws {
        let address = "http://git.localhost/admin/new.git"
        let routes: [String: RouteTarget] = [
            "new.localhost": .placeholder(.awaitingFirstDeploy(repositoryURL: address)),
            "starting.localhost": .placeholder(.starting),
        ]
        try await TestRouter.with(routes) { router async throws in
            let new = try await router.get(host: "new.localhost", extra: "Accept: text/html\r\n")
            #expect(new.status == 404)
            #expect(new.text.contains("git remote add berth \(address)"))
            #expect(new["content-type"] == "text/html; charset=utf-8")
            let starting = try await router.get(host: "starting.localhost")
            #expect(starting.status == 503)
            #expect(starting["retry-after"] == "5")
        }
    }
}
