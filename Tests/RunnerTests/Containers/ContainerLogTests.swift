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
        #expect(log.tail(10) == [" error  text", "one line", "", "unended"])
        #expect(log.tail(1) == ["unended"])
        #expect(log.tail(0).isEmpty)
        #expect(ContainerLog(path: directory.path("none")).tail(3).isEmpty)
    }

    @Test func `a line of any length comes in lines of the limit with nothing lost, wherever its entries were cut`() throws {
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
            #expect(lines.joined() == whole)
            #expect(lines.dropLast().allSatisfy { (limit - 3...limit).contains($0.utf8.count) })
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
}
