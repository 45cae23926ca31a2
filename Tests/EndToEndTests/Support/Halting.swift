import Core
import Foundation
import ServerTestSupport

/// Servers that end or stand still at a checkpoint.
extension Berthd {
    /// Sets off something that passes the checkpoint, and waits until the server has ended there.
    /// - Parameter host: a site that is being asked meanwhile.
    func crash(
        at point: Checkpoint, busy host: String? = nil, _ body: () async throws -> Void
    ) async throws {
        try Data(point.rawValue.utf8).write(to: URL(fileURLWithPath: crashFile))
        let load = host.map { LoadGenerator(port: port, host: "\($0):\(port)") }
        try await body()
        try await eventually("the server ends at \(point.rawValue)", within: .seconds(30)) { !isRunning }
        _ = try await load?.stop()
        try FileManager.default.removeItem(atPath: crashFile)
    }

    /// Sets something off, lets the server stand still at each of the checkpoints, in whatever order it comes to them, and
    /// calls `body` meanwhile.
    func halt(
        at points: [Checkpoint], _ begin: () async throws -> Void, _ body: (Checkpoint) async throws -> Void
    ) async throws {
        var left = points
        try setHalts(left)
        defer {
            try? FileManager.default.removeItem(atPath: crashFile)
            goOn()
        }
        try await begin()
        while !left.isEmpty {
            var reached: Checkpoint?
            try await eventually("the server halts at one of \(left.map(\.rawValue))", within: .seconds(60)) {
                reached = try halted(among: left)
                return reached != nil
            }
            guard let point = reached else { return }
            try await body(point)
            left.removeAll { $0 == point }
            try setHalts(left)
            goOn()
        }
    }

    /// Lets a server go on that stands still.
    func goOn() { if let processID { kill(processID, SIGCONT) } }

    private func setHalts(_ points: [Checkpoint]) throws {
        let text = (["halt"] + points.map(\.rawValue)).joined(separator: " ")
        try Data(text.utf8).write(to: URL(fileURLWithPath: crashFile), options: .atomic)
    }

    /// Where all of the server stands still.
    private func halted(among points: [Checkpoint]) throws -> Checkpoint? {
        guard let processID else { return nil }
        let tasks = "/proc/\(processID)/task"
        for task in try FileManager.default.contentsOfDirectory(atPath: tasks) {
            let stat = try String(contentsOfFile: "\(tasks)/\(task)/stat", encoding: .utf8)
            // proc_pid_stat(5): the name, in brackets, may hold anything.
            guard stat.split(separator: ")").last?.split(separator: " ").first == "T" else { return nil }
        }
        let name = try String(contentsOfFile: "\(crashFile).halted", encoding: .utf8)
        return points.first { $0.rawValue == name }
    }

    // MARK: - The data folder

    /// Copies the data folder of a server that stands still. Its own Postgres, if it has one, does so meanwhile too.
    func copyData(to path: String) async throws {
        let cluster = haltCluster()
        defer { for process in cluster { kill(process, SIGCONT) } }
        let copy = try await run(["cp", "--archive", data, path])
        guard copy.status == 0 else { throw HTTPFailure(description: "cp: \(copy.errorText)") }
    }

    /// Lets the processes of the server's own Postgres stand still, the one that starts the others first. Returns them.
    private func haltCluster() -> [pid_t] {
        let file = try? String(contentsOfFile: "\(data)/postgres/data/postmaster.pid", encoding: .utf8)
        guard let first = file?.split(separator: "\n").first, let main = pid_t(first) else { return [] }
        kill(main, SIGSTOP)
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { pid_t($0) } ?? []
        let others = all.filter { process in
            let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
            let fields = stat?.split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 1 && pid_t(fields[1]) == main
        }
        for process in others { kill(process, SIGSTOP) }
        return [main] + others
    }
}
