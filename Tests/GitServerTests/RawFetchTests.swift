import Core
import Foundation
import TestSupport
import Testing

@testable import GitServer

/// Fetches packet by packet, as no stock client sends all of them.
@Suite struct RawFetchTests {
    /// What a client reads of an answer.
    private struct Reading {
        /// Before the first piece of the pack or message.
        var head: [UInt8] = []
        var pack: [UInt8] = []
        var messages: [[UInt8]] = []
        var failure = ""
        var largest = 0
        var hasEnd = false

        init(_ body: Data, sideBand: SideBand) throws {
            var parser = PacketParser()
            parser.append([UInt8](body))
            while !parser.isEmpty {
                let start = parser.rest
                if sideBand == .none, start.starts(with: Array("PACK".utf8)) {
                    pack = Array(start)
                    return
                }
                guard let packet = try parser.next() else { throw PlatformError.invalid("cut off") }
                let bytes = start.dropLast(parser.rest.count)
                guard case .data(let payload) = packet, let band = payload.first, (1...3).contains(band) else {
                    if messages.isEmpty, pack.isEmpty { head += bytes }
                    hasEnd = packet == .flush
                    continue
                }
                largest = max(largest, bytes.count)
                switch band {
                case 1: pack += payload.dropFirst()
                case 2: messages.append(Array(payload.dropFirst()))
                default: failure += String(decoding: payload.dropFirst(), as: UTF8.self)
                }
            }
        }
    }

    private static func body(_ lines: [String]) -> Data {
        var bytes: [UInt8] = []
        for line in lines {
            if ["0000", "0001"].contains(line) {
                bytes += Array(line.utf8)
            } else {
                PktLine.append(line: line, to: &bytes)
            }
        }
        return Data(bytes)
    }

    private static func fetch(
        _ server: LiveGitServer, version: String = "", sideBand: SideBand = .large, _ lines: [String]
    ) async throws -> Reading {
        let answer = try await GitHTTPBackend(server: server).askOurs(
            "POST", "git-upload-pack", version: version, type: "application/x-git-upload-pack-request",
            body: body(lines))
        #expect(answer.status == "200")
        return try Reading(answer.body, sideBand: sideBand)
    }

    /// Indexes a pack in a repository of its own and returns that.
    private static func indexed(_ pack: [UInt8], _ server: LiveGitServer) async throws -> GitCommand {
        let git = try server.git("indexed-\(UUID().uuidString)")
        try await git("init", "-q", "--bare")
        let path = git.folder + "/sent"
        try Data(pack).write(to: URL(fileURLWithPath: path))
        let outcome = try await git.start(["index-pack", "--stdin", "--strict"], input: path).outcome()
        #expect(outcome.status == 0, "\(outcome.output)")
        return git
    }

    @Test(arguments: [true, false]) func tagsComeAlongWhenTheyAreAskedFor(isAskedFor: Bool) async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            try await git("tag", "-a", "v1", "-m", "one")
            try await git("tag", "-a", "v1-again", "-m", "again", "v1")
            try await server.commit(git, ["a": "a"], "second")
            try await git("tag", "-a", "elsewhere", "-m", "x", try await git("commit-tree", "HEAD^{tree}", "-m", "y"))
            try await git("push", "-q", server.url, "main", "--tags")
            let (head, tag) = (try await git("rev-parse", "HEAD"), try await git("rev-parse", "v1"))
            let option = isAskedFor ? ["include-tag"] : []
            let readings = [
                try await Self.fetch(
                    server, version: "version=2",
                    ["command=fetch", "0001", "ofs-delta"] + option + ["want \(head)", "done", "0000"]),
                try await Self.fetch(
                    server,
                    ["want \(head) side-band-64k ofs-delta \(option.joined())", "0000", "done"]),
            ]
            for reading in readings {
                let indexed = try await Self.indexed(reading.pack, server)
                #expect(try await indexed("cat-file", "-t", head) == "commit")
                #expect(try await (indexed.run("cat-file", "-t", tag).status == 0) == isAskedFor)
                let other = try await git("rev-parse", "elsewhere")
                #expect(try await indexed.run("cat-file", "-t", other).status != 0)
            }
        }
    }

    @Test(arguments: [true, false]) func progressIsSaidUnlessTheClientAsksForSilence(isSilent: Bool) async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            let head = try await git("rev-parse", "HEAD")
            try await git("push", "-q", server.url, "main")
            let option = isSilent ? ["no-progress"] : []
            let readings = [
                try await Self.fetch(
                    server, version: "version=2",
                    ["command=fetch", "0001", "ofs-delta"] + option + ["want \(head)", "done", "0000"]),
                try await Self.fetch(
                    server, ["want \(head) side-band-64k ofs-delta \(option.joined())", "0000", "done"]),
            ]
            for reading in readings {
                let text = String(decoding: Array(reading.messages.joined()), as: UTF8.self)
                #expect(text == (isSilent ? "" : "Enumerating objects: 3, done.\n"))
            }
        }
    }

    @Test(arguments: [("", SideBand.none, 0), (" side-band", .small, 1000), (" side-band-64k", .large, 65_520)])
    func packsComeAsTheClientCanReadThem(words: String, sideBand: SideBand, size: Int) async throws {
        try await LiveGitServer.run { server in
            let git = try await server.client()
            try Data.noise(200_000).write(to: URL(fileURLWithPath: git.folder + "/noise.bin"))
            let head = try await server.commit(git, [:], "noise")
            try await git("push", "-q", server.url, "main")
            let reading = try await Self.fetch(
                server, sideBand: sideBand, ["want \(head)\(words) ofs-delta", "0000", "done"])
            #expect(String(decoding: reading.head, as: UTF8.self).hasPrefix("0008NAK\n"))
            #expect(reading.largest == size)
            #expect(reading.hasEnd == (sideBand != .none))
            let indexed = try await Self.indexed(reading.pack, server)
            #expect(try await indexed("rev-list", "--objects", "--count", head) == "6")
        }
    }

    @Test func theConnectionIsKeptAliveWhileAPackIsMade() async throws {
        try await LiveGitServer.run(configure: { $0.keepalive = .milliseconds(20) }) { server in
            let git = try await server.client()
            // Loose and large, so that it has to be compressed anew.
            try Data.noise(12_000_000).write(to: URL(fileURLWithPath: git.folder + "/noise.bin"))
            let head = try await server.commit(git, [:], "noise")
            try await server.stored()("fetch", "-q", git.folder, "main:main")
            let reading = try await Self.fetch(
                server, version: "version=2", ["command=fetch", "0001", "ofs-delta", "want \(head)", "done", "0000"])
            #expect(reading.messages.first == [])
            let indexed = try await Self.indexed(reading.pack, server)
            #expect(try await indexed("cat-file", "-t", head) == "commit")
        }
    }

    @Test func aPackOverTheLimitIsToldSo() async throws {
        try await LiveGitServer.run(configure: { $0.sentPackBytes = 1000 }) { server in
            let git = try await server.client()
            try Data.noise(2000).write(to: URL(fileURLWithPath: git.folder + "/noise.bin"))
            try await server.commit(git, [:], "noise")
            try await git("push", "-q", server.url, "main")
            let copy = try server.git("copy")
            let outcome = try await copy.run("clone", server.url, "c")
            #expect(outcome.status != 0)
            let reason = "remote: the pack has more than 1000 bytes; fetch less"
            #expect(outcome.output.contains(reason), "\(outcome.output)")
        }
    }

    // MARK: - As git's own server

    /// The answer up to the pack, which need not be the same.
    private static func head(_ body: Data, sideBand: SideBand) throws -> String {
        String(decoding: try Reading(body, sideBand: sideBand).head, as: UTF8.self)
    }

    @Test func theTalkBeforeThePackIsGits() async throws {
        try await LiveGitServer.run { server in
            let backend = GitHTTPBackend(server: server)
            let git = try await server.client()
            for number in 0..<10 { try await server.commit(git, ["f\(number % 3)": "\(number)\n"], "c\(number)") }
            try await git("branch", "topic", "HEAD~3")
            try await git("push", "-q", server.url, "--all")
            let names = ["HEAD", "HEAD~4", "HEAD~10", "topic"]
            var ids: [String] = []
            for name in names { ids.append(try await git("rev-parse", name)) }
            let (head, old, root, topic) = (ids[0], ids[1], ids[2], ids[3])
            let unknown = String(repeating: "b", count: 40)
            let haves: [[String]] = [
                [], [old], [unknown], [unknown, old], [old, unknown], [root, old], [old, root, unknown], [topic],
                [unknown, root], [old, unknown, topic], [unknown, old, unknown, root],
            ]
            let words: [(String, SideBand)] = [
                ("", .none), (" side-band-64k", .large), (" multi_ack side-band-64k", .large),
                (" multi_ack_detailed side-band-64k", .large), (" multi_ack_detailed no-done side-band-64k", .large),
                (" no-done side-band-64k", .large),
            ]
            for (words, sideBand) in words {
                for list in haves {
                    let have = list.map { "have \($0)" }
                    for end in [["done"], ["0000"]] {
                        let lines = ["want \(head)\(words) ofs-delta", "0000"] + have + end
                        let body = Self.body(lines)
                        let type = "application/x-git-upload-pack-request"
                        let theirs = try await backend.ask("POST", "git-upload-pack", type: type, body: body)
                        let ours = try await backend.askOurs("POST", "git-upload-pack", type: type, body: body)
                        let comment = Comment(rawValue: "\(words) \(list.map { $0.prefix(4) }) \(end)")
                        let (our, their) = (
                            try Self.head(ours.body, sideBand: sideBand), try Self.head(theirs.body, sideBand: sideBand)
                        )
                        #expect(our == their, comment)
                    }
                }
            }
            for list in haves where !list.isEmpty {
                let body = Self.body(
                    ["command=fetch", "0001", "ofs-delta", "want \(head)"] + list.map { "have \($0)" } + ["0000"])
                let type = "application/x-git-upload-pack-request"
                let theirs = try await backend.ask(
                    "POST", "git-upload-pack", version: "version=2", type: type, body: body)
                let ours = try await backend.askOurs(
                    "POST", "git-upload-pack", version: "version=2", type: type, body: body)
                let (our, their) = (
                    try Self.head(ours.body, sideBand: .large), try Self.head(theirs.body, sideBand: .large)
                )
                #expect(our == their, "version 2 \(list.map { $0.prefix(4) })")
            }
        }
    }
}
