import Blocking
import Core
import Glibc
import Logging
import Synchronization

/// A dump that pg_dump makes.
final class ProcessDump: DatabaseDump {
    /// Seconds that pg_dump may be silent: it waits for locks, and for the server.
    private static let silence: Int32 = 120

    private let process: ChildProcess
    private let pool: BlockingPool
    private let logger: Logger
    /// Gives back the place in the number of dumps that run at once.
    private let onClose: @Sendable () -> Void
    /// The first piece, until it is asked for.
    private let first = Mutex<[UInt8]?>(nil)
    private let state = Mutex((isClosed: false, isExpired: false, hasPlace: true))
    private let timer = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter limit: how long the whole of it may take.
    init(
        process: ChildProcess, pool: BlockingPool, limit: Duration, logger: Logger,
        onClose: @escaping @Sendable () -> Void
    ) {
        self.process = process
        self.pool = pool
        self.logger = logger
        self.onClose = onClose
        timer.withLock {
            $0 = Task { [weak self] in
                guard (try? await Task.sleep(for: limit)) != nil else { return }
                self?.expire()
            }
        }
    }

    /// A dump that nobody reads to its end must not go on.
    deinit { end() }

    /// Waits for the first piece. Throws when pg_dump fails before it.
    func begin() async throws(PlatformError) {
        guard let piece = try await next() else {
            throw PlatformError(.badGateway, "pg_dump wrote nothing")
        }
        first.withLock { $0 = piece }
    }

    func next() async throws(PlatformError) -> [UInt8]? {
        if let piece = first.withLock({ $0.take() }) { return piece }
        guard !state.withLock({ $0.isClosed }) else { throw PlatformError(.cancelled, "the dump was given up") }
        let process = process
        switch await pool.run({ process.read(seconds: Self.silence) }) {
        case .bytes(let piece): return piece
        case .ended:
            guard !state.withLock({ $0.isExpired }) else {
                throw PlatformError(.databaseUnavailable, "the dump took too long")
            }
            let end: ChildProcess.End
            do { end = try await process.end() } catch {
                throw .internal("pg_dump could not be run", cause: error)
            }
            if end.isSuccess { return nil }
            logger.warning("pg_dump failed", metadata: ["message": "\(end.message)"])
            throw Self.failure(end.message)
        case .silent:
            logger.warning("pg_dump wrote nothing for too long")
            throw PlatformError(.databaseUnavailable, "the dump took too long")
        }
    }

    func close() async { end() }

    private func end() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        timer.withLock { $0?.cancel() }
        process.close()
        givePlace()
    }

    /// Its reader finds the end, when there is one that still reads.
    private func expire() {
        state.withLock { $0.isExpired = true }
        logger.warning("a dump took too long and was ended")
        process.kill()
        givePlace()
    }

    private func givePlace() {
        let had = state.withLock { state in
            defer { state.hasPlace = false }
            return state.hasPlace
        }
        if had { onClose() }
    }

    /// pg_dump prefixes what libpq says about the connection; everything else is its own.
    private static func failure(_ message: String) -> PlatformError {
        let isConnection = message.contains("connection to server") || message.contains("server closed the connection")
        return isConnection
            ? PlatformError(.databaseUnavailable, "Postgres takes no connection of this channel now", cause: message)
            : PlatformError(.badGateway, "pg_dump failed", cause: message)
    }
}
