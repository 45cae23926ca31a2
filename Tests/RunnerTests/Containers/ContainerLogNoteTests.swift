import Core
import Foundation
import TestSupport
import Testing

@testable import Runner

/// Lines of the server's own that come while an app writes.
@Suite struct ContainerLogNoteTests {
    private let directory: TemporaryDirectory
    private let log: ContainerLog

    init() throws {
        directory = try TemporaryDirectory("log")
        log = ContainerLog(path: directory.path("a.log"))
    }

    /// A new file in the place of a full one, as conmon makes it.
    private func begin(_ lines: [String]) throws {
        let file = directory.path("a.log.tmp")
        try lines.map { "t stdout F \($0)\n" }.joined().write(toFile: file, atomically: false, encoding: .utf8)
        try #require(rename(file, log.path) == 0)
    }

    /// As conmon does it: at the place that it was at.
    private func add(_ text: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: log.path))
        defer { try? file.close() }
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
    }

    private func add(_ lines: [String]) throws { try add(lines.map { "t stdout F \($0)\n" }.joined()) }

    @Test func `a note stands where the log was when it came, for those who read then, and those who read later`()
        throws
    {
        try begin(["a"])
        var reader = ContainerLog.Reader(path: log.path)
        #expect(reader.readMore() == ["a"])
        log.note("first note")
        #expect(reader.readMore() == ["first note"])
        // In the midst of a line, and of one of conmon's entries.
        try add("t stdout P half of \nt stdout F")
        log.note("second note")
        try add(" a line\n")
        try add(["b"])
        #expect(reader.readMore() == ["second note", "half of a line", "b"])
        #expect(reader.readMore().isEmpty)
        let all = ["a", "first note", "second note", "half of a line", "b"]
        var later = ContainerLog.Reader(path: log.path)
        #expect(later.readMore() == all)
        #expect(log.tail(10) == all)
        #expect(log.tail(1) == ["b"])
        // Nothing of it is in conmon's file.
        #expect(try !String(contentsOfFile: log.path, encoding: .utf8).contains("note"))
    }

    @Test func `what a flood drives out does not drive out the notes, but for a few lines at most`() throws {
        try begin(["a"])
        for number in 1...5 { log.note("note \(number)") }
        let lines = (0..<20_000).map { "line \($0)" }
        try add(lines)
        #expect(log.tail(10) == ["note 3", "note 4", "note 5"] + lines.suffix(7))
        #expect(log.tail(2) == ["note 5", "line 19999"])
        #expect(log.tail(1) == ["line 19999"])
    }

    @Test func `notes outlast a log that is shortened or begun anew, and come first then`() throws {
        try begin([])
        try add((0..<20_000).map { "early \($0)" })
        var reader = ContainerLog.Reader(path: log.path)
        _ = reader.readMore()
        log.note("old note")
        try add((0..<20_000).map { "late \($0)" })
        log.shorten()
        log.note("new note")
        try add(["end"])
        let tail = log.tail(1_000_000)
        #expect(tail.first == "old note" && tail.suffix(3) == ["late 19999", "new note", "end"])
        #expect(tail.count > 1000 && tail.filter { $0.hasSuffix("note") }.count == 2)
        // Who followed has each of them once.
        #expect(reader.readMore().filter { $0.hasSuffix("note") } == ["old note", "new note"])

        try begin(["anew"])
        log.note("newest note")
        #expect(log.tail(10) == ["old note", "new note", "anew", "newest note"])
        #expect(reader.readMore() == ["anew", "newest note"])
    }

    @Test func `notes take little room, whoever causes them, and go with the log`() throws {
        log.note("of no log")
        #expect(log.notes.isEmpty)
        try begin(["a"])
        for number in 0..<3000 { log.note("note \(number) \(String(repeating: "x", count: 40))") }
        let size = try Data(contentsOf: URL(fileURLWithPath: log.path + ContainerLog.notesSuffix)).count
        #expect(size > 60 << 10 && size < 65 << 10)
        log.remove()
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
    }
}
