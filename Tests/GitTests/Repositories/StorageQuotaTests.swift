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
}
