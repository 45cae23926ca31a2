import Foundation

/// What a running cluster writes into its `postmaster.pid` (PostgreSQL, `src/include/utils/pidfile.h`).
struct PostmasterFile: Sendable, Hashable {
    let pid: Int32
    let isReady: Bool

    /// Lines: pid, data folder, start time, port, socket folder, address, shared memory key, status.
    init?(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let pid = lines.first.flatMap({ Int32($0) }), pid > 0 else { return nil }
        self.pid = pid
        isReady = lines.count > 7 && lines[7].trimmingCharacters(in: .whitespaces) == "ready"
    }

    static func read(_ layout: ClusterLayout) -> PostmasterFile? {
        ClusterFile.read("\(layout.data)/postmaster.pid").flatMap(PostmasterFile.init)
    }

    /// The process that runs this cluster, found by the file; `nil` when the file is stale. A postmaster's working folder
    /// is its data folder, also when it sees that by another path.
    static func runningPostmaster(_ layout: ClusterLayout) -> ProcessIdentity? {
        guard let file = read(layout), let process = ProcessIdentity(pid: file.pid) else { return nil }
        var data = stat()
        var working = stat()
        guard stat(layout.data, &data) == 0, stat("/proc/\(file.pid)/cwd", &working) == 0,
            data.st_dev == working.st_dev, data.st_ino == working.st_ino,
            ClusterFile.read("/proc/\(file.pid)/comm") == "postgres"
        else { return nil }
        return process.isRunning ? process : nil
    }
}
