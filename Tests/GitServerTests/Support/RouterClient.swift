import Core
import Foundation
import Git
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

@testable import GitServer

/// The git server's routes without a network: thousands of requests take seconds.
struct RouterClient: Sendable {
    struct Answer: Sendable {
        let status: Int
        let type: String
        let body: [UInt8]
        /// Whether the body came to its end.
        let isComplete: Bool
    }

    private struct Context: RequestContext {
        struct Source: RequestContextSource { let logger: Logger }
        var coreContext: CoreRequestContextStorage
        init(source: Source) { coreContext = CoreRequestContextStorage(source: source) }
    }

    /// Collects a body.
    private struct Writer: ResponseBodyWriter {
        final class Collected: Sendable { let state = Mutex((bytes: [UInt8](), isComplete: false)) }

        let collected: Collected

        mutating func write(_ buffer: ByteBuffer) async throws {
            collected.state.withLock { $0.bytes += buffer.readableBytesView }
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
            collected.state.withLock { $0.isComplete = true }
        }
    }

    private let respond: @Sendable (Request) async throws -> Response

    init(store: RepositoryStore, gate: RecordingGate, configuration: GitServerConfiguration) {
        let logger = Logger(label: "git-tests.router") { _ in SwiftLogNoOpLogHandler() }
        let router = Router(context: Context.self)
        GitRoutes(store: store, gate: gate, configuration: configuration, logger: logger).add(to: router)
        let responder = router.buildResponder()
        respond = { request in
            try await responder.respond(to: request, context: Context(source: Context.Source(logger: logger)))
        }
    }

    /// Posts a body to one of the two services.
    func post(_ service: GitService, version: String = "", _ body: [UInt8]) async throws -> Answer {
        let token = Data("\(RecordingGate.owner):\(RecordingGate.token)".utf8).base64EncodedString()
        var head = HTTPRequest(
            method: .post, scheme: "http", authority: "git.localhost",
            path: "/\(RecordingGate.owner)/site.git/\(service.rawValue)")
        head.headerFields[.authorization] = "Basic \(token)"
        head.headerFields[.contentType] = "application/x-\(service.rawValue)-request"
        head.headerFields[.contentLength] = "\(body.count)"
        if let name = HTTPField.Name("Git-Protocol"), !version.isEmpty { head.headerFields[name] = version }
        let response = try await respond(Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body))))
        let collected = Writer.Collected()
        try await response.body.write(Writer(collected: collected))
        let (bytes, isComplete) = collected.state.withLock { ($0.bytes, $0.isComplete) }
        return Answer(
            status: response.status.code, type: response.headers[.contentType] ?? "", body: bytes,
            isComplete: isComplete)
    }
}
