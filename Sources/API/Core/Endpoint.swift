import Core
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// One operation of the API: a method, a path pattern (`/apps/{id}`) and what answers it.
struct Endpoint: Sendable {
    let method: HTTPRequest.Method
    let path: String
    let handle: @Sendable (Call) async throws -> Answer

    init(
        _ method: HTTPRequest.Method, _ path: String, _ handle: @escaping @Sendable (Call) async throws -> Answer
    ) {
        self.method = method
        self.path = path
        self.handle = handle
    }
}

/// A group of endpoints around one kind of thing. Surfaces share this folder's types and never one another's.
protocol Surface: Sendable {
    var endpoints: [Endpoint] { get }
}

/// A request that has been let in.
struct Call: Sendable {
    let principal: Principal
    private let request: Request
    private let parameters: Parameters

    /// Largest request body, bytes.
    static let bodyLimit = 1 << 20

    init(_ request: Request, _ context: APIContext) throws(PlatformError) {
        guard let principal = context.principal else {
            throw PlatformError(.internal, "request let in without a principal")
        }
        self.principal = principal
        self.request = request
        parameters = context.parameters
    }

    /// An identifier from the path. Malformed is the same as unknown: `nil`.
    func id<Entity>(_ name: String) -> ID<Entity>? { parameters.get(name).flatMap { ID($0) } }

    /// A path part as it was sent, percent-decoded.
    func text(_ name: String) -> String { parameters.get(name) ?? "" }

    func query(_ name: String) -> String? { request.uri.queryParameters[Substring(name)].map(String.init) }

    /// The body as a JSON object. An absent body is `nil` when `isOptional`.
    func body(isOptional: Bool = false) async throws -> JSONObject {
        let bytes: ByteBuffer
        do {
            bytes = try await request.body.collect(upTo: Self.bodyLimit)
        } catch is NIOTooManyBytesError {
            throw PlatformError(.tooLarge, "the body has over \(Self.bodyLimit) bytes")
        }
        if isOptional, bytes.readableBytes == 0 { return JSONObject() }
        return try JSONObject(parsing: Data(bytes.readableBytesView))
    }
}

/// What an endpoint answers.
enum Answer: Sendable {
    /// 200 with a JSON body. The contract answers creations with 200 too.
    case json(JSONValue)
    /// 200 with `text/plain; charset=utf-8`.
    case text(Data)
    /// 204
    case nothing

    var response: Response {
        switch self {
        case .json(let value): .json(value)
        case .text(let data):
            Response(
                status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
        case .nothing: Response(status: .noContent)
        }
    }
}

extension Response {
    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: value.text)))
    }
}
