import Core
import Git
import Hummingbird
import NIOCore

/// Writes a push's output to the client as it comes: lines on the message band at once, the report at the end.
struct PushStream: Sendable {
    /// Bytes of one line; deploy logs are cut shorter than this already.
    private static let lineLimit = 8192

    /// Lines that wait for a client which reads slower than the deploys write; more are left out.
    private static let (backlogLimit, backlogBytes) = (10_000, 4 << 20)

    /// Between two looks at how far the checking is.
    private static let progressInterval = Duration.seconds(1)

    private enum Event: Sendable {
        case output(PushSession.Output)
        case tick
        /// Time to say how far the checking is.
        case progress
    }

    let session: PushSession
    let request: PushRequest
    let keepalive: Duration

    func write(to writer: inout any ResponseBodyWriter) async throws {
        let sideBand = SideBand(capabilities: request.capabilities)
        let hasReport =
            request.capabilities.contains("report-status") || request.capabilities.contains("report-status-v2")
        let (events, source) = AsyncStream.makeStream(of: Event.self)
        // Not a child of this task: a client that leaves must not stop a push between the deploys' rows and the refs.
        let session = session
        let backlog = Backlog(limit: Self.backlogLimit, byteLimit: Self.backlogBytes)
        Task {
            await session.run { output in
                var output = output
                if case .lines(let lines) = output {
                    let taken = backlog.enter(lines)
                    guard !taken.isEmpty else { return true }
                    if taken.count < lines.count { output = .lines(Array(taken)) }
                }
                if case .terminated = source.yield(.output(output)) { return false }
                return true
            }
            source.finish()
        }
        let ticker = Self.every(keepalive) { source.yield(.tick) }
        let observer = Self.every(Self.progressInterval) { source.yield(.progress) }
        defer {
            ticker.cancel()
            observer.cancel()
            source.finish()
        }
        var meter = PushMeter(
            progress: session.progress, bytes: (try? session.intake.get())?.bytes ?? 0,
            isWanted: !request.capabilities.contains("quiet"))
        var isQuiet = true
        for await event in events {
            var bytes: [UInt8] = []
            switch event {
            case .tick:
                if isQuiet { bytes = sideBand.keepalive }
                isQuiet = true
            case .progress:
                if let text = meter.step() { sideBand.append(Array(text.utf8), on: .message, to: &bytes) }
            case .output(.checked):
                observer.cancel()
                if let text = meter.finish() { sideBand.append(Array(text.utf8), on: .message, to: &bytes) }
            case .output(.lines(let lines)):
                var text: [UInt8] = []
                for line in lines {
                    text += ShownText.of(line, limit: Self.lineLimit).utf8
                    text.append(UInt8(ascii: "\n"))
                }
                if let dropped = backlog.leave(lines) { text += "… \(dropped) lines left out …\n".utf8 }
                sideBand.append(text, on: .message, to: &bytes)
                isQuiet = false
            case .output(.report(let report)):
                if let reason = report.unpackFailure {
                    let text = "error: \(ShownText.of(reason, limit: Self.lineLimit))\n"
                    sideBand.append(Array(text.utf8), on: .message, to: &bytes)
                }
                if hasReport { sideBand.append(report.serialized(), on: .data, to: &bytes) }
            }
            if !bytes.isEmpty { try await writer.write(ByteBuffer(bytes: bytes)) }
        }
        if !sideBand.end.isEmpty { try await writer.write(ByteBuffer(bytes: sideBand.end)) }
    }

    private static func every(_ interval: Duration, _ body: @escaping @Sendable () -> Void) -> Task<Void, Never> {
        Task {
            while (try? await Task.sleep(for: interval)) != nil { body() }
        }
    }
}
