import Foundation
import TestSupport
import Testing

@testable import Git

/// Work for a client that takes too long, or that nobody waits for any more.
@Suite struct WorkLimitTests {
    private static func tip(_ fixture: Fixture) async throws -> ObjectID {
        let commit = try await fixture.push(["a": "one\n", "d/e": "two\n"])
        return try #require(ObjectID("\(commit)"))
    }

    private static func expect(
        _ message: String, of body: () throws(GitError) -> Void, location: SourceLocation = #_sourceLocation
    ) {
        do throws(GitError) {
            try body()
            Issue.record("it was done", sourceLocation: location)
        } catch {
            #expect(error.message == message, sourceLocation: location)
            #expect(error.isShowable, sourceLocation: location)
        }
    }

    @Test func aPackIsMadeInTimeOrNotAtAll() async throws {
        let fixture = try await Fixture()
        let tip = try await Self.tip(fixture)
        try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            let late = WorkLimit(.zero, of: "the fetch")
            let message = "the fetch takes longer than 0.0 seconds"
            Self.expect(message) { () throws(GitError) in
                _ = try repository.makePack(PackRequest(wants: [tip], limit: late))
            }
            // Each part by itself.
            Self.expect(message) { () throws(GitError) in
                var history = History()
                _ = try PackSelection(PackRequest(wants: [tip], limit: late), history: &history, repository: repository)
            }
            Self.expect(message) { () throws(GitError) in
                let assembly = PackAssembly(
                    PackSelection(all: [tip]), packs: PackSet([]), style: PackStyle(),
                    folder: "\(repository.directory)/objects", limit: .max, work: late)
                _ = try assembly.assemble(repository)
            }
            Self.expect(message) { () throws(GitError) in
                var history = History(limit: late)
                _ = try history.unreachable([ObjectID.zero], from: [tip], in: repository)
            }
            Self.expect(message) { () throws(GitError) in
                var history = History(limit: late)
                let tree = try repository.commit(tip).tree
                _ = try history.unreachableObjects([ObjectID.zero], from: [tree], in: repository)
            }
            let pack = try repository.makePack(
                PackRequest(wants: [tip], limit: WorkLimit(.seconds(600), of: "the fetch")))
            #expect(pack.objects == 5)
            // A limit makes no other request of it: the one that was made before is taken.
            _ = try repository.makePack(PackRequest(wants: [tip], limit: late))
        }
    }

    @Test func workThatNobodyWaitsForEnds() async throws {
        let fixture = try await Fixture()
        let tip = try await Self.tip(fixture)
        let interest = Interest()
        let lock = fixture.store.lock(of: fixture.app)
        let repository = try Repository(directory: fixture.directory, lock: lock, interest: interest)
        interest.lose()
        Self.expect("nobody waits for the answer any more") { () throws(GitError) in
            _ = try repository.makePack(PackRequest(wants: [tip]))
        }
        Self.expect("nobody waits for the answer any more") { () throws(GitError) in
            var history = History()
            _ = try history.commit(tip, in: repository)
        }
    }

    @Test func aCancelledTaskIsNobody() async throws {
        let fixture = try await Fixture()
        let tip = try await Self.tip(fixture)
        let (isInside, inside) = AsyncStream<Void>.makeStream()
        let (store, app) = (fixture.store, fixture.app)
        let work = Task {
            await #expect(throws: GitError.self) {
                try await store.withRepository(app) { (repository) throws(GitError) in
                    inside.yield()
                    // Ends because it is told to, or never.
                    while true {
                        var history = History()
                        _ = try history.commit(tip, in: repository)
                    }
                }
            }
        }
        for await _ in isInside { break }
        work.cancel()
        #expect(await work.value?.message == "nobody waits for the answer any more")
    }
}
