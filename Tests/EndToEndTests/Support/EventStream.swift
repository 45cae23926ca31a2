import Foundation
import ServerTestSupport

/// Server-sent events as they come (HTML, section 9.2.6 "Interpreting an event stream"), on a connection of their own.
/// Blocking; stays on the thread that made it.
final class EventStream {
    struct Event: Sendable, Equatable {
        var id: String?
        var name = "message"
        var data = ""
    }

    private let connection: HTTPConnection
    /// What came and is not yet a whole event.
    private var buffer = Data()

    init(_ platform: Platform, _ path: String, lastEventID: String? = nil) throws {
        let port = platform.berthd.port
        connection = try HTTPConnection(port: port)
        let answer = try connection.open(
            host: "api.localhost:\(port)", path: path,
            headers: [("Authorization", "Bearer \(platform.token)")]
                + (lastEventID.map { [("Last-Event-ID", $0)] } ?? []))
        guard answer.status == 200, answer.headers["content-type"] == "text/event-stream" else {
            throw HTTPFailure(description: "\(path): \(answer.status) \(answer.headers)")
        }
    }

    /// The next event; `nil` at the end of the stream.
    func next() throws -> Event? {
        while true {
            if let end = buffer.range(of: Data([10, 10])) {
                let lines = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).split(separator: "\n")
                buffer = Data(buffer[end.upperBound...])
                if let event = Self.event(lines) { return event }
                continue
            }
            guard let chunk = try connection.nextChunk() else { return nil }
            buffer += chunk
        }
    }

    /// `nil` for a comment.
    private static func event(_ lines: [Substring]) -> Event? {
        var event = Event()
        var isComment = true
        for line in lines {
            let (name, value) = (line.prefix { $0 != ":" }, line.drop { $0 != ":" }.dropFirst(2))
            switch name {
            case "id": event.id = String(value)
            case "event": event.name = String(value)
            case "data": event.data = String(value)
            default: continue
            }
            isComment = false
        }
        return isComment ? nil : event
    }
}

extension Platform {
    /// Reads events until `take` has enough of them or the stream ends, and hangs up.
    /// - Parameter lastEventID: where an earlier connection was cut.
    func follow(
        _ path: String, lastEventID: String? = nil, take: @escaping @Sendable (EventStream.Event) throws -> Bool
    ) async throws -> [EventStream.Event] {
        try await onThread { [self] in
            let stream = try EventStream(self, path, lastEventID: lastEventID)
            var events: [EventStream.Event] = []
            while let event = try stream.next() {
                events.append(event)
                if try take(event) { break }
            }
            return events
        }
    }
}
