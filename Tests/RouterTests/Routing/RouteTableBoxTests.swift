import Core
import Testing

@testable import Router

@Suite struct RouteTableBoxTests {
    private func endpoint(_ id: ID<Instance> = ID()) -> InstanceEndpoint {
        InstanceEndpoint(id: id, host: "127.0.0.1", port: 9)
    }

    private func claimed(_ entry: RouteEntry?) -> Upstream? {
        if case .upstream(let upstream)? = entry { upstream } else { nil }
    }

    @Test func publishesAndWithdraws() {
        let box = RouteTableBox()
        let first = RouteTarget.instance(endpoint())
        #expect(box.publish(first, at: "a") == nil)
        #expect(box.publish(.placeholder(.starting), at: "a") == first)
        #expect(box.withdraw("a") == .placeholder(.starting))
        #expect(box.withdraw("a") == nil)
        #expect(box.claim("a") == nil)
    }

    @Test func sharesAnInstanceBetweenNames() throws {
        let box = RouteTableBox()
        let target = RouteTarget.instance(endpoint())
        box.publish(["a": target, "b": target])
        let first = try #require(claimed(box.claim("a")))
        let second = try #require(claimed(box.claim("b")))
        #expect(first === second)
        #expect(first.requests.count == 2)
    }

    @Test func drainWaitsForEveryClaim() async throws {
        let box = RouteTableBox()
        let old = endpoint()
        box.publish(.instance(old), at: "a")
        let upstream = try #require(claimed(box.claim("a")))
        box.publish(.instance(endpoint()), at: "a")
        let isDrained = Shared(false)
        let drain = Task {
            let report = await box.drain(old.id, seconds: 20)
            isDrained.update { $0 = true }
            return report
        }
        for _ in 0..<100 { await Task.yield() }
        #expect(!isDrained.value)
        upstream.requests.end()
        #expect(await drain.value == DrainReport(cut: 0))
    }

    @Test func drainReportsWhatItCut() async throws {
        let box = RouteTableBox()
        let old = endpoint()
        box.publish(.instance(old), at: "a")
        _ = box.claim("a")
        box.withdraw("a")
        #expect(await box.drain(old.id, seconds: 0) == DrainReport(cut: 1))
    }

    @Test func drainOfAnUnknownInstanceReturnsAtOnce() async {
        #expect(await RouteTableBox().drain(ID(), seconds: 60) == DrainReport(cut: 0))
    }

    @Test func anInstanceThatIsPublishedAgainIsNotCut() async throws {
        let box = RouteTableBox()
        let target = endpoint()
        box.publish(.instance(target), at: "a")
        let before = try #require(claimed(box.claim("a")))
        #expect(await box.drain(target.id, seconds: 0) == DrainReport(cut: 0))
        let again = try #require(claimed(box.claim("a")))
        #expect(before === again)
    }

    @Test func anAddressThatIsNoneIsUnusable() {
        let box = RouteTableBox()
        box.publish(.instance(InstanceEndpoint(id: ID(), host: "not an address", port: 1)), at: "a")
        guard case .unusable? = box.claim("a") else {
            Issue.record("expected an unusable route")
            return
        }
    }

    @Test func requestsOnManyThreadsAreAllCounted() async {
        let requests = OpenRequests()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<2000 {
                        requests.begin()
                        requests.end()
                    }
                }
            }
        }
        #expect(requests.count == 0)
        #expect(await requests.waitForNone(.seconds(5)))
    }
}
