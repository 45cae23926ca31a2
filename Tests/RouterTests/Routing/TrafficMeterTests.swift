import Core
import TestSupport
import Testing

@testable import Router

/// What is counted of a hostname, for whoever wants to know what a switch cost.
@Suite struct TrafficMeterTests {
    private static let host = "app.localhost"

    @Test func countsAnswersAndFailuresOfAnApp() async throws {
        let app = try StubUpstream.answering { head, _ in
            head.line.contains("/bad")
                ? "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        }
        try await TestRouter.with([Self.host: app.target]) { router async throws in
            _ = try await router.get()
            #expect(router.routes.figures(of: Self.host) == TrafficFigures())
            router.routes.beginMeasuring(Self.host)
            for path in ["/", "/", "/bad"] { _ = try await router.get(path) }
            let figures = router.routes.takeFigures(of: Self.host)
            #expect(figures.requests == 3 && figures.failed == 1 && figures.latencies.count == 3)
            #expect(router.routes.figures(of: Self.host).requests == 0)
            _ = try await router.get()
            #expect(router.routes.figures(of: Self.host).requests == 1)
            router.routes.endMeasuring(Self.host)
            _ = try await router.get()
            #expect(router.routes.figures(of: Self.host) == TrafficFigures())
        }
    }

    @Test func countsWhatGetsNoAnswer() async throws {
        let app = try StubUpstream { connection in _ = try connection.readHead() }
        try await TestRouter.with([Self.host: app.target]) { router async throws in
            router.routes.beginMeasuring(Self.host)
            #expect(try await router.get().status == 502)
            let figures = router.routes.figures(of: Self.host)
            #expect(figures.requests == 1 && figures.failed == 1 && figures.latencies.count == 0)
        }
        app.close()
    }

    @Test func countsEveryRequestOfASiteAlsoThoseThatWereRemembered() async throws {
        let site = try TestSite(["index.html": "home"])
        try await TestRouter.with([Self.host: site.target]) { router async throws in
            let texts = try await router.client { connection throws in
                // Remembered by now, and on the same connection.
                var texts = try (0..<4).map { _ in try connection.get("/", host: Self.host).text }
                router.routes.beginMeasuring(Self.host)
                texts += try (0..<3).map { _ in try connection.get("/", host: Self.host).text }
                return texts
            }
            #expect(texts == [String](repeating: "home", count: 7))
            #expect(router.routes.figures(of: Self.host).requests == 3)
            #expect(router.routes.figures(of: "other.localhost") == TrafficFigures())
        }
    }

    @Test(arguments: ["/", "/large.css"])
    func countsFilesThatCannotBeReadAsFailures(_ path: String) async throws {
        let site = try TestSite(["index.html": "home", "large.css": String(repeating: "x", count: 400_000)])
        guard case .site(_, let whole) = site.target else { return }
        let empty = RouteTarget.site(release: ID(), StaticSite(root: "/nowhere", files: whole.files))
        try await TestRouter.with([Self.host: empty]) { router async throws in
            router.routes.beginMeasuring(Self.host)
            for _ in 0..<3 { #expect(try await router.get(path).status == 404) }
            let figures = router.routes.takeFigures(of: Self.host)
            #expect(figures.requests == 3 && figures.failed == 3)
            // What the site never had is no fault of its files.
            #expect(try await router.get("/missing").status == 404)
            router.routes.publish(site.target, at: Self.host)
            #expect(try await router.get(path).status == 200)
            #expect(
                await eventually {
                    let figures = router.routes.figures(of: Self.host)
                    return figures.requests == 2 && figures.failed == 0
                })
        }
    }

    @Test func goesOnOverASwitch() async throws {
        let (old, new) = (try StubUpstream.saying("old"), try StubUpstream.saying("new"))
        try await TestRouter.with([Self.host: old.target]) { router async throws in
            router.routes.beginMeasuring(Self.host)
            _ = try await router.get()
            router.routes.publish(new.target, at: Self.host)
            #expect(router.routes.target(of: Self.host) == new.target)
            _ = try await router.get()
            #expect(router.routes.figures(of: Self.host).requests == 2)
        }
        old.close()
        new.close()
    }
}
