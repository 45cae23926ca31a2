import Blocking
import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Git

@Suite struct StorageQuotaTests {
    @Test func aDiskThatIsNearlyFullTakesNoMoreThanItsRoom() throws {
        let quota = StorageQuota([], diskRoom: 5 << 20)
        try quota.check(adding: 5 << 20)
        let error = #expect(throws: GitError.self) { try quota.check(adding: (5 << 20) + 1) }
        #expect(error?.code == .tooLarge)
        #expect(error?.message.contains("disk is nearly full: it has room for 5 MiB of pushes") == true)
        // The reserve itself may be in use already.
        #expect(throws: GitError.self) { try StorageQuota([], diskRoom: -1).check(adding: 0) }
        try StorageQuota([]).check(adding: .max)
    }

    @Test func aDiskThatFillsWhileAPushComesEndsIt() async throws {
        let scratch = try TemporaryDirectory("berth-quota")
        let room = Mutex(100 << 20)
        var configuration = RepositoryConfiguration(root: scratch.path("repos"))
        configuration.diskRoom = { room.withLock { $0 } }
        let store = try RepositoryStore(
            configuration: configuration, pool: BlockingPool(label: "git-tests", width: 2))
        let app = ID<App>()
        try await store.create(app, head: .master)
        var intake = PackIntake(store: store, app: app, quota: StorageQuota([]))
        let piece = [UInt8](repeating: 7, count: 2 << 20)
        try await intake.append(piece)
        // Another push has taken it.
        room.withLock { $0 = 1 << 20 }
        do throws(GitError) {
            try await intake.append(piece)
            Issue.record("it was taken")
        } catch { #expect(error.message.contains("this server's disk is nearly full"), "\(error)") }
    }

    @Test func objectsThatAnotherGitLeftLooseCountToo() async throws {
        let fixture = try await Fixture()
        try fixture.write("noise", Data.noise(2 << 20))
        try await fixture.stored("hash-object", "-w", "\(fixture.git.folder)/noise")
        let quota = await fixture.store.quota(of: fixture.app, among: [fixture.app], limit: 3 << 20, ownerLimit: .max)
        try quota.check(adding: 900_000)
        let error = #expect(throws: GitError.self) { try quota.check(adding: 1_100_000) }
        #expect(
            error?.message.contains("the repository may take 3 MiB, and 2.1 MiB of it are used") == true,
            "\(error.map { "\($0)" } ?? "")")
    }
}
