import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    /// Programs of the operator's, which work for the server beside any container.
    @Suite struct HookEnds {
        @Test(.timeLimit(.minutes(3)))
        func `hooks end with the server, killed or stopped, with all that they have started`() async throws {
            let project = try await Project("hook-ends", template: "static")
            let berthd = project.berthd
            defer { try? FileManager.default.removeItem(atPath: "\(berthd.folder)/hooks") }
            try project.write("index.html", "one")
            try await project.commit("one")
            let pids = "\(berthd.folder)/hook-pids"
            let daemon = "setsid sleep 600 </dev/null >/dev/null 2>&1 &"

            // One that does not end, and what it has put into a session of its own.
            try berthd.install(
                hook: "pre-deploy", "\(daemon)\necho \"$$ $!\" >'\(pids).new'; mv '\(pids).new' '\(pids)'; sleep 600")
            let push = try project.startPush()
            try await eventually("the hook runs") { FileManager.default.fileExists(atPath: pids) }
            let begun = try HookProcess.all(in: pids)
            try await berthd.crash()
            _ = try await push.result()
            // It is the next server that ends them.
            #expect(begun.count == 2 && begun.allSatisfy { $0.isAlive })
            try FileManager.default.removeItem(atPath: pids)
            try berthd.install(
                hook: "pre-deploy", "\(daemon)\necho $! >'\(pids).new'; mv '\(pids).new' '\(pids)'")
            try await berthd.start()
            #expect(!begun.contains { $0.isAlive })

            // The deploy goes on, with the hook as it is now; what that leaves stays while the server does.
            try await eventually("the site is served") { try await project.get().text == "one" }
            let left = try HookProcess.all(in: pids)
            #expect(left.count == 1 && left.allSatisfy { $0.isAlive })
            #expect(try await berthd.terminate() == 0)
            #expect(!left.contains { $0.isAlive })
            try await berthd.start()
            #expect(try await project.get().text == "one")
        }
    }
}

/// A process told apart from a later one of the same number.
private struct HookProcess {
    let number: pid_t
    /// proc_pid_stat(5), field 22.
    let start: String

    /// Those whose numbers a file holds.
    static func all(in path: String) throws -> [HookProcess] {
        try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isWhitespace).map { word in
            let number = try #require(pid_t(word))
            let values = try #require(Self.fields(of: number))
            return HookProcess(number: number, start: values[19])
        }
    }

    var isAlive: Bool {
        guard let fields = Self.fields(of: number) else { return false }
        return fields[19] == start && fields[0] != "Z"
    }

    /// Those behind the name, from the state on.
    private static func fields(of number: pid_t) -> [String]? {
        guard let stat = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ").map(String.init)
        return fields.count > 19 ? fields : nil
    }
}

extension Berthd {
    /// Puts a program of the operator's in place, in one go.
    func install(hook event: String, _ script: String) throws {
        let folder = "\(self.folder)/hooks/\(event).d"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Hidden until it is whole.
        let new = "\(folder)/.new"
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: new))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: new)
        guard rename(new, "\(folder)/10-test") == 0 else { throw HTTPFailure(description: "cannot install a hook") }
    }
}
