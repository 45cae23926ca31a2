import Core
import Foundation
import TestSupport
import Testing

@testable import Git

@Suite struct ReferenceTransactionTests {
    private static func apply(
        _ fixture: Fixture, _ updates: [(String, ObjectID, ObjectID)], isAtomic: Bool = false
    ) async throws -> [GitError?] {
        let wanted = updates.map { ReferenceUpdate(name: $0, old: $1, new: $2) }
        return try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            try repository.update(wanted, isAtomic: isAtomic)
        }
    }

    @Test func theOldValueDecides() async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"]))
        let two = ObjectID(try await fixture.push(["a": "2"], branch: "other"))
        let wrong = try await Self.apply(fixture, [("refs/heads/master", two, one)])
        #expect(wrong.first??.code == .locked)
        #expect(try await Self.apply(fixture, [("refs/heads/master", .zero, two)]).first??.code == .locked)
        #expect(try await Self.apply(fixture, [("refs/heads/master", one, two)]) == [nil])
        #expect(try await fixture.stored("rev-parse", "master") == "\(two)")
    }

    @Test func attack7OneOfManyConcurrentUpdatesWins() async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"]))
        var tips: [ObjectID] = []
        for number in 0..<8 { tips.append(ObjectID(try await fixture.push(["a": "x\(number)"], branch: "b\(number)"))) }
        let winners = try await withThrowingTaskGroup(of: ObjectID?.self) { group in
            for tip in tips {
                group.addTask { try await Self.apply(fixture, [("refs/heads/master", one, tip)]) == [nil] ? tip : nil }
            }
            var winners: [ObjectID] = []
            for try await winner in group { if let winner { winners.append(winner) } }
            return winners
        }
        #expect(winners.count == 1)
        #expect(try await fixture.stored("rev-parse", "master") == winners.first.map { "\($0)" })
        try await fixture.stored("fsck", "--strict")
    }

    @Test func attack7FoldersAndFilesOfOneNameExcludeEachOther() async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"], branch: "a/b"))
        for isPacked in [false, true] {
            if isPacked { try await fixture.stored("pack-refs", "--all") }
            #expect(try await Self.apply(fixture, [("refs/heads/a", .zero, one)]).first??.code == .refused)
            #expect(try await Self.apply(fixture, [("refs/heads/a/b/c", .zero, one)]).first??.code == .refused)
        }
        let both = try await Self.apply(fixture, [("refs/heads/x", .zero, one), ("refs/heads/x/y", .zero, one)])
        #expect(both.map { $0 == nil } == [true, false])
        let none = try await Self.apply(
            fixture, [("refs/heads/n", .zero, one), ("refs/heads/n/m", .zero, one)], isAtomic: true)
        #expect(none.allSatisfy { $0 != nil })
        #expect(try await fixture.stored("for-each-ref", "--format=%(refname)") == "refs/heads/a/b\nrefs/heads/x")
        // A folder that deleted refs leave behind is in nobody's way.
        #expect(try await Self.apply(fixture, [("refs/heads/a/b", one, .zero)]) == [nil])
        #expect(try await Self.apply(fixture, [("refs/heads/a", .zero, one)]) == [nil])
        try await fixture.stored("fsck", "--strict")
    }

    @Test func attack7ALockOfAnotherProcessFailsThatRefOnly() async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"]))
        try Data().write(to: URL(fileURLWithPath: fixture.directory + "/refs/heads/held.lock"))
        let results = try await Self.apply(
            fixture, [("refs/heads/held", .zero, one), ("refs/heads/free", .zero, one)])
        #expect(results.first??.message == "cannot lock ref 'refs/heads/held': another process holds its lock file")
        #expect(results.last == .some(nil))
        #expect(FileManager.default.fileExists(atPath: fixture.directory + "/refs/heads/held.lock"))
        #expect(!FileManager.default.fileExists(atPath: fixture.directory + "/refs/heads/free.lock"))
    }

    @Test func deletedRefsDoNotComeBackFromThePackedOnes() async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"]))
        try await fixture.git("tag", "-a", "v1", "-m", "v1")
        try await fixture.git("push", "-q", fixture.directory, "v1", "HEAD:refs/heads/b")
        try await fixture.stored("pack-refs", "--all")
        let two = ObjectID(try await fixture.push(["a": "2"], branch: "b"))
        #expect(two != one)
        #expect(try await Self.apply(fixture, [("refs/heads/b", two, .zero)]) == [nil])
        #expect(try await fixture.stored("for-each-ref", "--format=%(refname)") == "refs/heads/master\nrefs/tags/v1")
        let packed = FileManager.default.contents(atPath: fixture.directory + "/packed-refs") ?? Data()
        #expect(String(decoding: packed, as: UTF8.self).contains("\n^\(one)\n"))
    }

    @Test func manyRefsArePackedAtOnceAndReadBack() async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"]))
        try await fixture.git("tag", "-a", "v1", "-m", "v1")
        try await fixture.git("push", "-q", fixture.directory, "v1")
        let tag = try #require(ObjectID(try await fixture.git("rev-parse", "v1")))
        var updates = (0..<200).map { ("refs/heads/many/b\($0)", ObjectID.zero, one) }
        updates.append(("refs/tags/v2", .zero, tag))
        #expect(try await Self.apply(fixture, updates).allSatisfy { $0 == nil })
        #expect(!FileManager.default.fileExists(atPath: fixture.directory + "/refs/heads/many"))
        #expect(try await fixture.stored("for-each-ref", "--format=%(refname)").split(separator: "\n").count == 203)
        #expect(try await fixture.stored("rev-parse", "v2^{commit}") == "\(one)")
        let snapshot = try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            try repository.snapshot(isPeeled: true)
        }
        #expect(snapshot.references.filter { $0.peeled == one }.map(\.name) == ["refs/tags/v1", "refs/tags/v2"])
        try await fixture.stored("fsck", "--strict")
    }

    @Test func manyNewRefsYieldToThoseThatOthersHaveOrHold() async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"]))
        let two = ObjectID(try await fixture.push(["a": "2"], branch: "many/b5"))
        try Data().write(to: URL(fileURLWithPath: fixture.directory + "/refs/heads/many/b7.lock"))
        let updates = (0..<100).map { ("refs/heads/many/b\($0)", ObjectID.zero, one) }
        let results = try await Self.apply(fixture, updates)
        #expect(results[5]?.message == "cannot lock ref 'refs/heads/many/b5': reference already exists")
        #expect(results[7]?.message == "cannot lock ref 'refs/heads/many/b7': another process holds its lock file")
        #expect(results.count { $0 == nil } == 98)
        #expect(try await fixture.stored("rev-parse", "many/b5") == "\(two)")
        #expect(try await fixture.stored.run("rev-parse", "--verify", "many/b7").status != 0)
        #expect(try await fixture.stored("for-each-ref", "refs/heads/many").split(separator: "\n").count == 99)
        try await fixture.stored("fsck", "--strict")
    }

    @Test(arguments: [false, true]) func manyNewRefsYieldToThoseAboveAndBelow(arePacked: Bool) async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"]))
        for name in ["many/b3/x", "up"] { _ = try await fixture.push(["a": "1"], branch: name) }
        if arePacked { try await fixture.stored("pack-refs", "--all") }
        let others = ["up/a", "many/b9/y", "many/b9", "late/z", "late", "late/z/deep"]
        let names = (0..<100).map { "many/b\($0)" }.filter { $0 != "many/b9" } + others
        let results = try await Self.apply(fixture, names.map { ("refs/heads/\($0)", ObjectID.zero, one) })
        let messages = Dictionary(uniqueKeysWithValues: zip(names, results.map { $0?.message }))
        // In the order of their names; the first of two is made.
        #expect(
            messages.compactMapValues { $0 } == [
                "many/b3": "'refs/heads/many/b3/x' exists; cannot create 'refs/heads/many/b3'",
                "up/a": "'refs/heads/up' exists; cannot create 'refs/heads/up/a'",
                "many/b9/y": "cannot process 'refs/heads/many/b9' and 'refs/heads/many/b9/y' at the same time",
                "late/z": "cannot process 'refs/heads/late' and 'refs/heads/late/z' at the same time",
                "late/z/deep": "cannot process 'refs/heads/late' and 'refs/heads/late/z/deep' at the same time",
            ])
        try await fixture.stored("fsck", "--strict")
    }

    @Test func refsThatGoMakeRoomForOthersInOnePush() async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"], branch: "a"))
        for isAtomic in [false, true] {
            for isPacked in [false, true] {
                if isPacked { try await fixture.stored("pack-refs", "--all") }
                let down = [("refs/heads/a", one, ObjectID.zero), ("refs/heads/a/b", .zero, one)]
                #expect(try await Self.apply(fixture, down, isAtomic: isAtomic) == [nil, nil])
                #expect(try await fixture.stored("for-each-ref", "--format=%(refname)") == "refs/heads/a/b")
                if isPacked { try await fixture.stored("pack-refs", "--all") }
                let up = [("refs/heads/a", ObjectID.zero, one), ("refs/heads/a/b", one, .zero)]
                #expect(try await Self.apply(fixture, up, isAtomic: isAtomic) == [nil, nil])
                #expect(try await fixture.stored("for-each-ref", "--format=%(refname)") == "refs/heads/a")
            }
        }
        try await fixture.stored("fsck", "--strict")
    }

    @Test func anAtomicChangeHappensWithOneRename() async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"], branch: "x"))
        let two = ObjectID(try await fixture.push(["a": "2"], branch: "y"))
        let results = try await Self.apply(
            fixture, [("refs/heads/x", one, two), ("refs/heads/y", two, .zero), ("refs/heads/z", .zero, one)],
            isAtomic: true)
        #expect(results == [nil, nil, nil])
        // Values of their own would hide the packed ones.
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.directory + "/refs/heads").isEmpty)
        #expect(
            try await fixture.stored("for-each-ref", "--format=%(refname) %(objectname)")
                == "refs/heads/x \(two)\nrefs/heads/z \(one)")
        try await fixture.stored("fsck", "--strict")
    }

    @Test func anAtomicChangeThatCannotBeWrittenChangesNothing() async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"], branch: "x"))
        let two = ObjectID(try await fixture.push(["a": "2"], branch: "y"))
        // Another process packs refs and does not come to an end.
        try Data().write(to: URL(fileURLWithPath: fixture.directory + "/packed-refs.lock"))
        let before = try await fixture.stored("for-each-ref")
        let results = try await Self.apply(
            fixture, [("refs/heads/x", one, two), ("refs/heads/new/z", .zero, one)], isAtomic: true)
        #expect(results.allSatisfy { $0?.code == .locked })
        #expect(try await fixture.stored("for-each-ref") == before)
        #expect(!FileManager.default.fileExists(atPath: fixture.directory + "/refs/heads/new"))
        #expect(!FileManager.default.fileExists(atPath: fixture.directory + "/refs/heads/x.lock"))
    }

    @Test func tagsThatArePackedForAnAtomicChangeStayPeeled() async throws {
        let fixture = try await Fixture()
        let one = ObjectID(try await fixture.push(["a": "1"], branch: "x"))
        try await fixture.git("tag", "-a", "v1", "-m", "v1")
        try await fixture.git("tag", "-a", "v2", "-m", "v2")
        try await fixture.git("push", "-q", fixture.directory, "v1", "v2")
        let first = try #require(ObjectID(try await fixture.git("rev-parse", "v1")))
        let second = try #require(ObjectID(try await fixture.git("rev-parse", "v2")))
        #expect(
            try await Self.apply(
                fixture, [("refs/tags/v1", first, second), ("refs/tags/v3", .zero, first)], isAtomic: true)
                == [nil, nil])
        let snapshot = try await fixture.store.snapshot(of: fixture.app)
        #expect(
            snapshot.references.filter { $0.peeled == one }.map(\.name) == [
                "refs/tags/v1", "refs/tags/v2", "refs/tags/v3",
            ])
        let packed = FileManager.default.contents(atPath: fixture.directory + "/packed-refs") ?? Data()
        #expect(String(decoding: packed, as: UTF8.self).components(separatedBy: "\n^\(one)\n").count == 3)
    }

    @Test func packedRefsAreReadWhateverTheirOrder() throws {
        let one = String(repeating: "1", count: 40)
        let text = """
            # pack-refs with: peeled fully-peeled
            \(one) refs/tags/b
            ^\(String(repeating: "2", count: 40))
            rubbish
            \(one) refs/heads/a
            \(one)
            """
        var packed = PackedReferences(Array(text.utf8))
        #expect(packed.entries.map(\.name) == ["refs/heads/a", "refs/tags/b"])
        #expect(packed["refs/tags/b"]?.peeled == ObjectID(String(repeating: "2", count: 40)))
        #expect(packed["refs/heads/b"] == nil)
        #expect(packed.isFullyPeeled)
        let added = Reference(name: "refs/heads/b", id: .zero, peeled: nil)
        packed.apply([.init(name: "refs/heads/b", reference: added), .init(name: "refs/heads/a")])
        #expect(packed.entries.map(\.name) == ["refs/heads/b", "refs/tags/b"])
        #expect(Array(packed.names(below: "refs/heads/")) == ["refs/heads/b"])
        #expect(!PackedReferences(Array("\(one) refs/heads/a\n".utf8)).isFullyPeeled)
        #expect(PackedReferences([]).entries.isEmpty)
    }

    @Test(arguments: [
        ("refs/heads/main", true), ("refs/heads/a/b", true), ("refs/tags/v1.0", true), ("refs/notes/commits", true),
        ("refs/heads/-rf", true), ("refs/heads/$(id)", true), ("HEAD", false), ("refs/heads", false), ("refs/x", false),
        ("config", false), ("refs/heads/../x", false), ("refs/heads/.a", false), ("refs/heads/a.lock", false),
        ("refs/heads/a b", false), ("refs/heads/a\u{1}", false), ("refs/heads/a~1", false), ("refs/heads/", false),
        ("refs/heads//a", false), ("refs/heads/a/", false), ("refs/heads/a\0b", false), ("/refs/heads/a", false),
        ("refs/heads/a.lock/b", false), ("refs/heads/a..b", false), ("refs/heads/a.", false), ("refs/heads/a./b", true),
        ("refs/heads/@", true), ("refs/heads/é", true), ("refs/heads/a\u{7f}", false), ("refs/heads/[a", false),
        ("refs/heads/" + String(repeating: "x", count: 300), false), ("heads/main/x", false), ("refs/heads/@{", false),
    ])
    func namesFollowGitsRules(name: String, isValid: Bool) {
        #expect(ReferenceName.isValid(name) == isValid)
    }

    @Test func namesThatAreNotUTF8AreGitsMatterToo() {
        #expect(ReferenceName.isValid(Array("refs/heads/".utf8) + [0xff, 0xfe]))
        #expect(!ReferenceName.isValid(Array("refs/heads/".utf8) + [0xff, 0x20]))
        #expect(ReferenceName.isNormal("refs/heads/\u{e9}"))
        #expect(!ReferenceName.isNormal("refs/heads/e\u{301}"))
    }
}
