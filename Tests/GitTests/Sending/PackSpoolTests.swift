import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Git

/// What is made for a pack and does not stay in memory.
@Suite struct PackSpoolTests {
    private static let piece = [UInt8](repeating: 7, count: 3 << 20)

    /// Why the spool takes no more; `nil` when it takes so many pieces.
    private static func refusal(of count: Int, _ spool: inout PackSpool) -> GitError? {
        do throws(GitError) {
            for _ in 0..<count {
                try piece.span.bytes.withUnsafeBytes { (buffer) throws(GitError) in try spool.append(buffer) }
            }
            return nil
        } catch { return error }
    }

    @Test func nothingIsWrittenToADiskThatIsNearlyFull() throws {
        let scratch = try TemporaryDirectory("berth-spool")
        var spool = PackSpool(folder: scratch.path) { 0 }
        let taken = Self.refusal(of: 1, &spool)
        #expect(taken == nil)
        let refused = Self.refusal(of: 1, &spool)
        #expect(refused?.code == .tooLarge)
        #expect(refused?.message.contains("this server's disk is nearly full") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test func aDiskThatFillsMeanwhileIsSeen() throws {
        let scratch = try TemporaryDirectory("berth-spool")
        let room = Mutex(1 << 30)
        var spool = PackSpool(folder: scratch.path) { room.withLock { $0 } }
        let taken = Self.refusal(of: 6, &spool)
        #expect(taken == nil)
        room.withLock { $0 = 1 << 20 }
        let refused = Self.refusal(of: 4, &spool)
        #expect(refused?.code == .tooLarge)
    }

    @Test func aPackThatNeedsAFileIsMadeWhereThereIsRoomAndKeptWhenItIsSmall() async throws {
        for (bytes, isKept) in [(5 << 20, true), (9 << 20, false)] {
            let fixture = try await Fixture()
            try fixture.write("noise", Data.noise(bytes))
            let commit = try await fixture.pushAll()
            let tip = try #require(ObjectID("\(commit)"))
            let request = PackRequest(wants: [tip], usesOffsetDeltas: true)
            try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
                // git has left the objects loose, so they are compressed anew.
                do throws(GitError) {
                    _ = try repository.makePack(request) { 0 }
                    Issue.record("it was made")
                } catch { #expect(error.message.contains("disk is nearly full"), "\(error)") }
                #expect(try repository.makePack(request).size > bytes)
            }
            let kept = fixture.store.outgoing.pack(for: request, in: fixture.directory)
            #expect((kept != nil) == isKept)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: "\(fixture.directory)/objects").allSatisfy {
                    !$0.hasPrefix(SpoolFile.prefix)
                })
        }
    }
}
