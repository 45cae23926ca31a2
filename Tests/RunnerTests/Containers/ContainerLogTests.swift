import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

@Suite struct ContainerLogTests {
    private let directory: TemporaryDirectory
    private let log: ContainerLog

    init() throws {
        directory = try TemporaryDirectory("log")
        log = ContainerLog(path: directory.path("a.log"))
    }

    private func write(_ lines: [String]) throws {
        try lines.map { $0 + "\n" }.joined().write(toFile: log.path, atomically: false, encoding: .utf8)
    }

    @Test func `partial entries are put together by stream`() throws {
        try write([
            "2026-01-01T00:00:00.1+00:00 stdout P one ", "2026-01-01T00:00:00.2+00:00 stderr F  error  text",
            "2026-01-01T00:00:00.3+00:00 stdout F line", "garbage", "2026-01-01T00:00:00.4+00:00 stdout F ",
            "2026-01-01T00:00:00.5+00:00 stdout P unended",
        ])
        #expect(log.tail(10) == [" error  text", "one line", "", "unended\(LineCut.unended)"])
        #expect(log.tail(1) == ["unended\(LineCut.unended)"])
        #expect(log.tail(0).isEmpty)
        #expect(ContainerLog(path: directory.path("none")).tail(3).isEmpty)
    }

    @Test func `a line of any length comes in lines of the limit with nothing lost, wherever its entries were cut`()
        throws
    {
        let limit = LineSplitter.defaultLimit
        let whole = String(repeating: "ä€x", count: 20_000)
        for step in [1, 1_000, limit - 1, limit] {
            var parser = ContainerLog.EntryParser()
            var entries = ""
            var left = whole[...]
            while !left.isEmpty {
                // As long in bytes as `step`, or a little less: conmon's entries have whole characters here.
                let piece = left.prefix(max(1, step / 3))
                left = left.dropFirst(piece.count)
                entries += "t stdout \(left.isEmpty ? "F" : "P") \(piece)\n"
            }
            let lines = parser.append(entries.utf8)
            let parts = lines.map { LineCut.parts(of: $0) }
            #expect(parts.map { String($0.text) }.joined() == whole)
            #expect(parts.dropLast().allSatisfy { (limit - 3...limit).contains($0.text.utf8.count) })
            #expect(parts.dropLast().allSatisfy { $0.end == LineCut.goesOn } && parts.last?.end == "")
            #expect(parts.dropFirst().allSatisfy { $0.start == LineCut.continued } && parts.first?.start == "")
            #expect(lines.count == whole.utf8.count / limit + 1)
            #expect(parser.end().isEmpty)
        }
        var parser = ContainerLog.EntryParser()
        let full = String(repeating: "x", count: limit)
        #expect(parser.append("t stdout P \(full)\nt stdout F \n".utf8) == [full])
    }

    @Test func `the tail of a long log begins at a whole line`() throws {
        try write((0..<20_000).map { "2026-01-01T00:00:00.1+00:00 stdout F line \($0)" })
        let tail = log.tail(1_000_000)
        #expect(tail.last == "line 19999")
        #expect(tail.count > 1000 && tail.count < 20_000)
        #expect(tail.allSatisfy { $0.hasPrefix("line ") })
    }

    @Test func `a reader goes on where it was and begins anew with a new file`() throws {
        var reader = ContainerLog.Reader(path: log.path)
        #expect(reader.readMore().isEmpty)
        try write(["t stdout F a", "t stdout F b"])
        #expect(reader.readMore() == ["a", "b"])
        #expect(reader.readMore().isEmpty)
        log.append("ours", at: Date(timeIntervalSince1970: 0))
        #expect(reader.readMore() == ["ours"])
        try write(["t stdout F c"])
        #expect(reader.readMore() == ["c"])
    }

    // MARK: - Shortening

    /// As conmon does it.
    private func add(_ lines: [String]) throws {
        if !HostFiles.exists(log.path) { try write([]) }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: log.path))
        defer { try? file.close() }
        try file.seekToEnd()
        try file.write(contentsOf: Data(lines.map { "t stdout F \($0)\n" }.joined().utf8))
    }

    /// More than is left of a log, each line unlike any other.
    private func many(_ name: String) -> [String] {
        (0..<20_000).map { "\(name) \($0) \(String(repeating: "x", count: 20))" }
    }

    /// Of the first line it is not known whether its beginning is there: that may be marked.
    private func isEnd(_ lines: [String], of all: [String]) -> Bool {
        guard let first = lines.first, let begin = all.suffix(lines.count).first else { return false }
        return first.hasSuffix(begin) && lines.dropFirst() == all.suffix(lines.count - 1)
    }

    private func size() throws -> Int { try Data(contentsOf: URL(fileURLWithPath: log.path)).count }

    @Test func `a log that is shortened keeps its last lines, and only them, however often`() throws {
        for round in 0..<3 {
            let lines = many("\(round)")
            try add(lines)
            log.shorten()
            let before = try size()
            #expect(before <= 256 << 10)
            let tail = log.tail(1_000_000)
            #expect(tail.count > 1000 && isEnd(tail, of: lines))
            log.shorten()
            #expect(try size() == before)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["a.log"])
    }

    @Test func `who follows a log that is shortened gets nothing twice and misses nothing`() throws {
        var reader = ContainerLog.Reader(path: log.path)
        let first = many("first")
        try add(first)
        #expect(reader.readMore() == first)
        log.shorten()
        #expect(reader.readMore() == [])
        // As after the restart of an app that crashed.
        log.append("ours", at: Date(timeIntervalSince1970: 0))
        try add(["second"])
        #expect(reader.readMore() == ["ours", "second"])
        let third = many("third")
        try add(third)
        #expect(reader.readMore() == third)
        try add(["last words"])
        log.shorten()
        #expect(reader.readMore() == ["last words"])
        log.shorten()
        #expect(reader.readMore() == [])
    }

    @Test func `a line that is being written when the log is shortened comes once and whole`() throws {
        var reader = ContainerLog.Reader(path: log.path)
        try add(many("first") + ["begun"])
        _ = reader.readMore()
        try (HostFiles.text(log.path) ?? "").appending("t stdout P one ").write(
            toFile: log.path, atomically: false, encoding: .utf8)
        #expect(reader.readMore() == [])
        try (HostFiles.text(log.path) ?? "").appending("\n").write(
            toFile: log.path, atomically: false, encoding: .utf8)
        log.shorten()
        #expect(reader.readMore() == [])
        try add(["line"])
        #expect(reader.readMore() == ["one line"])
    }

    @Test func `who is far behind goes on with the first line that is left`() throws {
        var reader = ContainerLog.Reader(path: log.path)
        try add(["early"])
        #expect(reader.readMore() == ["early"])
        let lines = many("late")
        try add(lines)
        log.shorten()
        let rest = reader.readMore()
        #expect(rest.count > 1000 && isEnd(rest, of: lines))
        #expect(rest == log.tail(1_000_000))
    }

    @Test func `who begins in a shortened log, or sees it begun anew, reads each line once`() throws {
        try add(many("first"))
        log.shorten()
        var reader = ContainerLog.Reader(path: log.path, last: 100)
        let tail = reader.readMore()
        #expect(!tail.isEmpty && tail.count < 4 && tail.last == many("first").last)
        try add(["next"])
        #expect(reader.readMore() == ["next"])
        // conmon begins a log that is full in another file, which takes the old one's place.
        let lines = many("begun anew")
        try lines.map { "t stdout F \($0)\n" }.joined().write(toFile: log.path, atomically: true, encoding: .utf8)
        let read = reader.readMore()
        #expect(read.count == lines.count && isEnd(read, of: lines))
    }
}
