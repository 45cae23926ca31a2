import HTTPTypes
import Hummingbird
import NIOCore

/// One event of a stream (HTML, section 9.2.6 "Interpreting an event stream").
struct ServerSentEvent: Sendable, Hashable {
    /// What a client that comes back sends as `Last-Event-ID`.
    var id: String?
    /// `nil` is `message`.
    var name: String?
    /// One line of text.
    var data: String

    var text: String {
        (name.map { "event: \($0)\n" } ?? "") + (id.map { "id: \($0)\n" } ?? "") + "data: \(data)\n\n"
    }
}

/// Answers with events as they come. In silence a comment goes out once in a while, so that nobody on the way takes the
/// connection for dead, and so that a client that has gone is noticed.
enum EventStream {
    private static let pause = Duration.seconds(15)
    private static let comment = ByteBuffer(string: ": \n\n")

    /// - Parameter buffering: events that wait at most for a slow reader, newest first; `nil` for all.
    static func response(_ events: AsyncStream<ServerSentEvent>, buffering: Int?) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                // Before the first event too: whoever waits for the head has it now.
                try await writer.write(comment)
                for await piece in pieces(events, buffering) { try await writer.write(piece) }
                try await writer.finish(nil)
            })
    }

    private static func pieces(_ events: AsyncStream<ServerSentEvent>, _ buffering: Int?) -> AsyncStream<ByteBuffer> {
        AsyncStream(bufferingPolicy: buffering.map { .bufferingNewest($0) } ?? .unbounded) { continuation in
            let writing = Task {
                for await event in events { continuation.yield(ByteBuffer(string: event.text)) }
                continuation.finish()
            }
            let ticking = Task {
                while (try? await Task.sleep(for: pause)) != nil { continuation.yield(comment) }
            }
            continuation.onTermination = { _ in
                writing.cancel()
                ticking.cancel()
            }
        }
    }
}
