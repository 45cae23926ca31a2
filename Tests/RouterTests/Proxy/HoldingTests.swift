import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Router

/// Requests in the gap between a version that was stopped and the next one.
@Suite struct HoldingTests {
    private static let host = "app.localhost"

    @Test func requestsWaitUntilTheNextVersionIsThere() async throws {
        let app = try StubUpstream.answering { head, body in
            let text = head.line.hasPrefix("POST") ? String(decoding: body, as: UTF8.self) : "new"
            return "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
        }
        try await TestRouter.with([Self.host: .placeholder(.switching)]) { router async throws in
            let get = Task { try await router.get() }
            let post = Task {
                try await router.exchange("POST / HTTP/1.1\r\nHost: \(Self.host)\r\nContent-Length: 4\r\n\r\nbody")
            }
            // Another name is answered meanwhile.
            #expect(try await router.get(host: "other.localhost").status == 404)
            router.routes.publish(app.target, at: Self.host)
            #expect(try await get.value.text == "new")
            #expect(try await post.value.text == "body")
        }
        app.close()
    }

    @Test func aRequestThatWaitsForTooLongIsTold() async throws {
        try await TestRouter.with([Self.host: .placeholder(.switching)]) {
            $0.switchTimeout = .milliseconds(50)
        } _: { router async throws in
            for _ in 0..<2 {
                let answer = try await router.get()
                #expect(answer.status == 503 && answer["retry-after"] == "2")
            }
        }
    }

    private static func app() throws -> StubUpstream {
        try StubUpstream.answering { _, _ in "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nawake" }
    }

    @Test func aRequestForWhatSleepsHasItWokenAndWaits() async throws {
        let app = try Self.app()
        let channel = ID<Channel>()
        try await TestRouter.with([Self.host: .placeholder(.asleep(channel))]) { router async throws in
            let asked = Mutex<[ID<Channel>]>([])
            router.routes.onWake { [routes = router.routes, target = app.target] channel in
                asked.withLock { $0.append(channel) }
                routes.publish(target, at: Self.host)
            }
            #expect(try await router.get().text == "awake")
            #expect(asked.withLock { $0 } == [channel])
            #expect(router.routes.held.count(at: Self.host) == 0)
        }
        app.close()
    }

    @Test func manyWaitAndAllAreServed() async throws {
        let app = try Self.app()
        try await TestRouter.with([Self.host: .placeholder(.asleep(ID()))]) { router async throws in
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<50 { group.addTask { try await router.get().text } }
                #expect(await eventually { router.routes.held.count(at: Self.host) == 50 })
                router.routes.publish(app.target, at: Self.host)
                for try await text in group { #expect(text == "awake") }
            }
        }
        app.close()
    }

    @Test func whatDoesNotStartIsTold() async throws {
        let app = try Self.app()
        try await TestRouter.with([Self.host: .placeholder(.asleep(ID()))]) { router async throws in
            let target = app.target
            try await router.client { connection in
                // Two on one connection: the second is another attempt.
                for _ in 0..<2 {
                    router.routes.onWake { [routes = router.routes] _ in routes.refuseHeld(at: Self.host) }
                    let answer = try connection.get("/", host: Self.host)
                    #expect(answer.status == 503 && answer.text.contains("did not start"))
                }
                router.routes.onWake { [routes = router.routes] _ in routes.publish(target, at: Self.host) }
                #expect(try connection.get("/", host: Self.host).text == "awake")
            }
        }
        app.close()
    }

    @Test func whatTakesTooLongToWakeIsTold() async throws {
        try await TestRouter.with([Self.host: .placeholder(.asleep(ID()))]) {
            $0.holdTimeout = .milliseconds(50)
        } _: { router async throws in
            let answer = try await router.get()
            #expect(answer.status == 504 && answer["retry-after"] == "2")
            #expect(router.routes.held.count(at: Self.host) == 0)
        }
    }

    @Test func onlySoManyWait() async throws {
        let app = try Self.app()
        try await TestRouter.with([
            Self.host: .placeholder(.asleep(ID())), "other.localhost": .placeholder(.asleep(ID())),
        ]) {
            $0.maximumHeldPerHost = 2
            $0.maximumHeld = 3
        } _: { router async throws in
            let first = (0..<2).map { _ in Task { try await router.get().text } }
            #expect(await eventually { router.routes.held.count(at: Self.host) == 2 })
            let refused = try await router.get()
            #expect(refused.status == 503 && refused.text.contains("as many requests wait"))
            let other = Task { try await router.get(host: "other.localhost").status }
            #expect(await eventually { router.routes.held.count(at: "other.localhost") == 1 })
            #expect(try await router.get(host: "other.localhost").status == 503)
            router.routes.publish(app.target, at: Self.host)
            for task in first { #expect(try await task.value == "awake") }
            router.routes.publish(app.target, at: "other.localhost")
            #expect(try await other.value == 200)
        }
        app.close()
    }

    @Test func hostnamesThatFillUpLeavePlacesForOthers() {
        let held = HeldRequests()
        func enter(_ host: String) -> Bool { held.enter(host, limit: 8192, hostLimit: 1024) }
        for number in 0..<12 { while enter("\(number).localhost") {} }
        #expect(held.count(at: "0.localhost") == 1024)
        #expect(enter("other.localhost"))
        // What comes free is for those who have few.
        for _ in 0..<100 { held.leave("0.localhost") }
        #expect(!enter("0.localhost") && enter("other.localhost"))
    }

    @Test func aClientThatGoesIsForgotten() async throws {
        try await TestRouter.with([Self.host: .placeholder(.asleep(ID()))]) { router async throws in
            try await router.client { connection in
                try connection.write("GET / HTTP/1.1\r\nHost: \(Self.host)\r\n\r\n")
                for _ in 0..<5000 where router.routes.held.count(at: Self.host) == 0 { usleep(1000) }
                #expect(router.routes.held.count(at: Self.host) == 1)
                connection.reset()
            }
            #expect(await eventually { router.routes.held.count(at: Self.host) == 0 })
        }
    }

    @Test func attack27AClientThatClosesItsSideKeepsNoPlace() async throws {
        try await TestRouter.with([Self.host: .placeholder(.asleep(ID()))]) {
            $0.heldCloseGrace = .milliseconds(50)
        } _: { router async throws in
            try await router.client { connection in
                try connection.write("GET / HTTP/1.1\r\nHost: \(Self.host)\r\n\r\n")
                for _ in 0..<5000 where router.routes.held.count(at: Self.host) == 0 { usleep(1000) }
                #expect(router.routes.held.count(at: Self.host) == 1)
                connection.closeOutput()
                for _ in 0..<5000 where router.routes.held.count(at: Self.host) == 1 { usleep(1000) }
                #expect(router.routes.held.count(at: Self.host) == 0)
            }
        }
    }

    @Test func requestsAreCountedOnTheirInstance() async throws {
        let app = try Self.app()
        try await TestRouter.with([Self.host: app.target]) { router async throws in
            guard case .instance(let endpoint) = app.target else { return }
            #expect(router.routes.activity(of: endpoint.id) == InstanceActivity(open: 0, begun: 0))
            for _ in 0..<3 { _ = try await router.get() }
            #expect(
                await eventually {
                    router.routes.activity(of: endpoint.id) == InstanceActivity(open: 0, begun: 3)
                })
            #expect(router.routes.activity(of: ID()) == nil)
        }
        app.close()
    }

    @Test func aWorkerHasAPlainPage() async throws {
        try await TestRouter.with([Self.host: .placeholder(.worker)]) { router async throws in
            let answer = try await router.get()
            #expect(answer.status == 200 && answer.text.contains("answers no requests"))
        }
    }
}
