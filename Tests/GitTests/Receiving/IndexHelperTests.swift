import Foundation
import TestSupport
import Testing

@testable import Git

/// Packs that berthd reads in a process of its own.
struct IndexHelperTests {
    /// The program beside the tests.
    private static func berthd() throws -> IndexHelper {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var helper = IndexHelper(program: (tests as NSString).deletingLastPathComponent + "/berthd")
        helper.leastBytes = 0
        return helper
    }

    private static func receive(
        _ pack: [UInt8], _ fixture: ReceivingFixture, _ helper: IndexHelper, limits: ReceiveLimits = ReceiveLimits(),
        find id: ObjectID = .zero
    ) async throws -> ObjectKind? {
        let directory = fixture.directory
        return try await fixture.store.withRepository(fixture.app) { (repository) throws(GitError) in
            let quarantine = try Quarantine(in: directory)
            let path = "\(quarantine.path)/body"
            let file = try OpenFile(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            try FileSystem.write(pack, to: file.number)
            var kind: ObjectKind?
            try repository.receive(.file(path, in: quarantine), limits: limits, helper: helper) {
                (find) throws(GitError) in
                kind = try find(id)
                return true
            }
            return kind
        }
    }

    @Test func packsAreReadCheckedCompletedAndKept() async throws {
        let fixture = try await ReceivingFixture()
        var builder = PackBuilder()
        let text = String(repeating: "line\n", count: 100)
        let blob = try builder.add(.blob, text)
        let tree = try builder.add(.tree, PackBuilder.tree([("100644", "a", blob)]))
        let commit = try builder.add(.commit, PackBuilder.commit(tree, message: "first"))
        #expect(try await Self.receive(builder.pack(), fixture, Self.berthd(), find: commit) == .commit)
        // A thin one, whose base is in the store, and whose kind is its base's.
        builder = PackBuilder()
        try builder.add(PackBuilder.delta(base: text.utf8.count, [.copy(0, text.utf8.count), .insert([65])]), on: blob)
        let path = fixture.scratch.path("result")
        try Data((text + "A").utf8).write(to: URL(fileURLWithPath: path))
        let delta = try #require(ObjectID(try await fixture.git("hash-object", path)))
        #expect(try await Self.receive(builder.pack(), fixture, Self.berthd(), find: delta) == .blob)
        // The same once more has nothing new.
        #expect(try await Self.receive(builder.pack(), fixture, Self.berthd(), find: delta) == .blob)
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
            _ = try await Self.receive(body, fixture, Self.berthd())
        }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("check sum") == true)
        var limits = ReceiveLimits()
        limits.objects = 0
        let (sound, none) = (builder.pack(), limits)
        let large = await #expect(throws: GitError.self) { () async throws in
            _ = try await Self.receive(sound, fixture, Self.berthd(), limits: none)
        }
        #expect(large?.code == .tooLarge)
        #expect(try fixture.files() == before)
    }

    /// What a crash in a library would do: the push fails, the server and the repository do not notice.
    @Test(arguments: ["kill -SEGV $$", "exit 3", "echo nonsense", "head -c 100000 /dev/zero"])
    func aHelperThatBreaksFailsThePushAlone(script: String) async throws {
        let fixture = try await ReceivingFixture()
        let before = try fixture.files()
        let program = fixture.scratch.path("helper")
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: program))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        var helper = IndexHelper(program: program)
        helper.leastBytes = 0
        var builder = PackBuilder()
        try builder.add(.blob, "content")
        let pack = builder.pack()
        let broken = helper
        let error = await #expect(throws: GitError.self) { () async throws in
            _ = try await Self.receive(pack, fixture, broken)
        }
        #expect(
            error?.message.contains("the process that reads it ended") == true, "\(error.map { "\($0)" } ?? "none")")
        #expect(try fixture.files() == before)
    }

    @Test func theHelperGetsNoDescriptorAndNoEnvironmentOfTheServer() async throws {
        let fixture = try await ReceivingFixture()
        let program = fixture.scratch.path("helper")
        let seen = fixture.scratch.path("seen")
        let script = "#!/bin/sh\n{ /usr/bin/env; ls /proc/$$/fd; } > \(seen)\n"
        try Data(script.utf8).write(to: URL(fileURLWithPath: program))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        var helper = IndexHelper(program: program)
        helper.leastBytes = 0
        let held = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/dev/null"))
        defer { withExtendedLifetime(held) {} }
        var builder = PackBuilder()
        try builder.add(.blob, "content")
        let pack = builder.pack()
        _ = try? await Self.receive(pack, fixture, helper)
        let lines = try String(contentsOfFile: seen, encoding: .utf8).split(separator: "\n").map(String.init)
        // The shell has a few of itself, and the script on a descriptor of its own.
        let own = ["PWD", "OLDPWD", "_", "SHLVL"]
        let names = lines.compactMap { line in line.split(separator: "=").first.map(String.init) }
        #expect(zip(lines, names).allSatisfy { !$0.contains("=") || own.contains($1) })
        #expect(lines.compactMap { Int($0) }.filter { $0 > 2 && $0 < 10 }.isEmpty)
    }
}
