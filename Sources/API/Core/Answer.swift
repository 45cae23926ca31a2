import Core
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// What an endpoint answers.
enum Answer: Sendable {
    /// 200 with a JSON body. The contract answers creations with 200 too.
    case json(JSONValue)
    /// The same, encoded already, from what was in the store under `version`.
    case encoded(ByteBuffer, version: Int64)
    /// 200 with `text/plain; charset=utf-8`, which no browser may take for anything else: it holds what apps print.
    case text(Data)
    /// 200 with `application/sql`, to be saved as a file; as fast as it is read.
    case download(fileName: String, any DatabaseDump)
    /// 200 with `text/event-stream` (HTML, "Server-sent events"), until the stream ends.
    case events(AsyncStream<ServerSentEvent>, buffering: Int? = nil)
    /// 204
    case nothing

    var response: Response {
        switch self {
        case .json(let value): .json(value)
        case .encoded(let bytes, _): .json(bytes)
        case .text(let data):
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; charset=utf-8", .xContentTypeOptions: "nosniff"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
        case .download(let fileName, let dump):
            Response(
                status: .ok,
                headers: [
                    .contentType: "application/sql", .contentDisposition: "attachment; filename=\"\(fileName)\"",
                    .cacheControl: "no-store",
                ],
                body: Self.body(dump))
        case .events(let events, let buffering): EventStream.response(events, buffering: buffering)
        case .nothing: Response(status: .noContent)
        }
    }

    /// A dump that fails ends the connection without the end of the body, so that nobody takes a part for the whole.
    private static func body(_ dump: any DatabaseDump) -> ResponseBody {
        ResponseBody { writer in
            do {
                while let piece = try await dump.next() { try await writer.write(ByteBuffer(bytes: piece)) }
            } catch {
                await dump.close()
                throw error
            }
            await dump.close()
            try await writer.finish(nil)
        }
    }
}

extension Response {
    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        json(ByteBuffer(bytes: value.bytes), status: status, headers: headers)
    }

    static func json(text: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        json(ByteBuffer(string: text), status: status, headers: headers)
    }

    static func json(_ bytes: ByteBuffer, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: bytes))
    }
}
