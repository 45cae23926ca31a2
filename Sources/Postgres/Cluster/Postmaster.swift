import Subprocess
import SystemPackage

/// A cluster's main process, started by this server or found running.
final class Postmaster: Sendable {
    let process: ProcessIdentity
    /// Ends when the process has ended (and, when it is our child, is reaped).
    let exit: Task<Void, Never>

    private init(process: ProcessIdentity, exit: Task<Void, Never>) {
        self.process = process
        self.exit = exit
    }

    /// Takes over a process that an earlier run of the server started.
    static func adopt(_ process: ProcessIdentity) -> Postmaster {
        let exit = Task {
            while process.isRunning { try? await Task.sleep(for: .milliseconds(100)) }
        }
        return Postmaster(process: process, exit: exit)
    }

    /// Starts a process whose output is appended to the file `log`. It outlives the caller's task and this server.
    static func spawn(_ configuration: Configuration, log: String) async throws -> Postmaster {
        let output = try FileDescriptor.open(
            log, .writeOnly, options: [.append, .create, .closeOnExec], permissions: [.ownerReadWrite])
        let (pids, started) = AsyncThrowingStream<Int32, any Error>.makeStream()
        // Not a child task: cancelling the caller must stop the cluster in its own way, not kill it.
        let exit = Task {
            do {
                _ = try await run(
                    configuration, input: .none, output: .fileDescriptor(output, closeAfterSpawningProcess: true),
                    error: .combinedWithOutput
                ) { execution in
                    started.yield(execution.processIdentifier.value)
                }
                started.finish()
            } catch {
                started.finish(throwing: error)
            }
        }
        var iterator = pids.makeAsyncIterator()
        guard let pid = try await iterator.next(), let process = ProcessIdentity(pid: pid) else {
            throw FileFault(operation: "start", path: "postgres", code: 0)
        }
        return Postmaster(process: process, exit: exit)
    }

    /// Ends it: a fast shutdown, which writes a checkpoint; after 15 s an immediate one, which the next start repairs;
    /// after 5 s more by force (PostgreSQL, "Shutting Down the Server"). Does its work also in a cancelled task.
    func stop() async {
        let process = process
        let exit = exit
        await Task {
            for (signal, seconds) in [(Signal.interrupt, 15.0), (.quit, 5.0), (.kill, 5.0)] {
                process.signal(signal.rawValue)
                let deadline = ContinuousClock.now + .seconds(seconds)
                while process.isRunning, ContinuousClock.now < deadline {
                    try? await Task.sleep(for: .milliseconds(5))
                }
                if !process.isRunning { break }
            }
            await exit.value
        }.value
    }
}
