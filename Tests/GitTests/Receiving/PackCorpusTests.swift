import Foundation
import TestSupport
import Testing

@testable import Git

/// The packs of the corpus, which fuzzing starts from too.
@Suite struct PackCorpusTests {
    @Test(arguments: try PackCorpus.all()) func packsOfTheCorpusAreJudgedAsTheirNamesSay(
        example: PackCorpus.Example
    ) async throws {
        let fixture = try await ReceivingFixture()
        try await fixture.receive(PackCorpus.base())
        if example.isSound {
            try await fixture.expectAccepted(example.bytes)
            return
        }
        let before = try fixture.files()
        for spooled in [false, true] {
            let error = await #expect(throws: GitError.self) {
                try await fixture.receive(example.bytes, spooled: spooled)
            }
            #expect(error?.isShowable == true, "\(String(describing: error))")
        }
        #expect(try fixture.files() == before)
    }

    @Test func theCorpusHasBothSorts() throws {
        let all = try PackCorpus.all()
        #expect(all.count(where: \.isSound) >= 4)
        #expect(all.count { $0.name.hasPrefix("refused-") } == all.count - all.count(where: \.isSound))
    }
}
