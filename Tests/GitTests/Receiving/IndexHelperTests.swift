import Foundation
import TestSupport
import Testing

@testable import Git

/// Packs that berthd reads in a process of its own.
struct IndexHelperTests {
    @Test func packsAreReadCheckedCompletedAndKept() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        let text = String(repeating: "line\n", count: 100)
        let blob = try builder.add(.blob, text)
        let tree = try builder.add(.tree, PackBuilder.tree([("100644", "a", blob)]))
        let commit = try builder.add(.commit, PackBuilder.commit(tree, message: "first"))
        #expect(
            try await HelperFixture.receive(builder.pack(), fixture, HelperFixture.berthd(), find: commit) == .commit)
        // A thin one, whose base is in the store, and whose kind is its base's.
        builder = PackBuilder()
        try builder.add(PackBuilder.delta(base: text.utf8.count, [.copy(0, text.utf8.count), .insert([65])]), on: blob)
        let path = fixture.scratch.path("result")
        try Data((text + "A").utf8).write(to: URL(fileURLWithPath: path))
        let delta = try #require(ObjectID(try await fixture.git("hash-object", path)))
        #expect(try await HelperFixture.receive(builder.pack(), fixture, HelperFixture.berthd(), find: delta) == .blob)
        // The same once more has nothing new.
        #expect(try await HelperFixture.receive(builder.pack(), fixture, HelperFixture.berthd(), find: delta) == .blob)
        try await fixture.git("fsck", "--strict", "--full", "--no-dangling")
        #expect(try fixture.files().keys.filter { $0.hasSuffix(".pack") }.count == 2)
        #expect(!(try fixture.files().keys.contains { $0.contains("incoming-") }))
    }

    @Test func refusalsComeBackInTheSameWords() async throws {
        let fixture = try await ReceivingFixture()
        let before = try fixture.files()
        var builder = PackBuilder()
        try builder.add(.blob, "content")
        var damaged = builder.pack()
        damaged[damaged.count - 1] ^= 1
        let body = damaged
        let error = await #expect(throws: GitError.self) { () async throws in
            _ = try await HelperFixture.receive(body, fixture, HelperFixture.berthd())
        }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("check sum") == true)
        var limits = ReceiveLimits()
        limits.objects = 0
        let (sound, none) = (builder.pack(), limits)
        let large = await #expect(throws: GitError.self) { () async throws in
            _ = try await HelperFixture.receive(sound, fixture, HelperFixture.berthd(), limits: none)
        }
        #expect(large?.code == .tooLarge)
        #expect(try fixture.files() == before)
    }

    @Test(arguments: [
        ("5 10", 5, 10), ("5 10\\n7 10", 7, 10), ("20 10", 10, 10), ("-5 10", 0, 10), ("1 -1", 0, 0),
        ("nonsense", 0, 0), ("99999999999999999999 1", 0, 0), ("1 2 3", 0, 0),
    ])
    func whatAHelperSaysOfItsProgressIsTakenWhileItWorks(lines: String, done: Int, total: Int) async throws {
        let fixture = try await ReceivingFixture()
        let helper = try HelperFixture.stub("printf %b '\(lines)\\n{\"nothingNew\":{}}'", fixture)
        let store = try HelperFixture.store(fixture, helper)
        let quarantine = try Quarantine(in: store.directory(of: fixture.app))
        var builder = PackBuilder()
        try builder.add(.blob, "content")
        try quarantine.fill(builder.pack())
        let progress = PackProgress()
        let received = try await store.receive(.file(quarantine), of: fixture.app, progress: progress) {
            (_) throws(GitError) in
            ((), true)
        } decide: { (_, _, _) throws(GitError) in
            true
        }
        #expect(received.pack == nil)
        #expect(progress.objects == (done, total))
    }

    @Test func everyObjectOfAPackIsCountedWhileItIsRead() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        for number in 0..<10 { try builder.add(.blob, "content \(number)") }
        let progress = PackProgress()
        _ = try await fixture.store.receive(.memory(builder.pack()), of: fixture.app, progress: progress) {
            (_) throws(GitError) in
            ((), true)
        } decide: { (_, _, _) throws(GitError) in
            true
        }
        #expect(progress.objects == (10, 10))
    }

    /// What a crash in a library would do: the push fails, the server and the repository do not notice.
    @Test(arguments: ["kill -SEGV $$", "exit 3", "echo nonsense", "head -c 100000 /dev/zero"])
    func aHelperThatBreaksFailsThePushAlone(script: String) async throws {
        let fixture = try await ReceivingFixture()
        let before = try fixture.files()
        let broken = try HelperFixture.stub(script, fixture)
        var builder = PackBuilder()
        try builder.add(.blob, "content")
        let pack = builder.pack()
        let error = await #expect(throws: GitError.self) { () async throws in
            _ = try await HelperFixture.receive(pack, fixture, broken)
        }
        #expect(
            error?.message.contains("the process that reads it ended") == true, "\(error.map { "\($0)" } ?? "none")")
        #expect(try fixture.files() == before)
    }

    @Test func theHelperGetsNoOtherDescriptorAndNoEnvironmentOfTheServer() async throws {
        let fixture = try await ReceivingFixture()
        let seen = fixture.scratch.path("seen")
        let helper = try HelperFixture.stub("{ /usr/bin/env; ls /proc/$$/fd; } > \(seen)", fixture)
        let held = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/dev/null"))
        defer { withExtendedLifetime(held) {} }
        var builder = PackBuilder()
        try builder.add(.blob, "content")
        let pack = builder.pack()
        _ = try? await HelperFixture.receive(pack, fixture, helper)
        let lines = try String(contentsOfFile: seen, encoding: .utf8).split(separator: "\n").map(String.init)
        // The shell has a few of itself, and the script on a descriptor of its own.
        let own = ["PWD", "OLDPWD", "_", "SHLVL"]
        let names = lines.compactMap { line in line.split(separator: "=").first.map(String.init) }
        #expect(zip(lines, names).allSatisfy { !$0.contains("=") || own.contains($1) })
        #expect(lines.compactMap { Int($0) }.filter { $0 > 5 && $0 < 10 }.isEmpty)
    }
}
