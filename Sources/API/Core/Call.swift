import Core
import HTTPTypes
import Hummingbird
import NIOCore

/// A request that has been let in.
struct Call: Sendable {
    let principal: Principal
    /// Whether only the answer's head is wanted.
    let isHead: Bool
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
        isHead = request.method == .head
        parameters = context.parameters
    }

    /// An identifier from the path. Malformed is the same as unknown: `nil`.
    func id<Entity>(_ name: String) -> ID<Entity>? { parameters.get(name).flatMap { ID($0) } }

    /// A path part as it was sent, percent-decoded.
    func text(_ name: String) -> String { parameters.get(name) ?? "" }

    func query(_ name: String) -> String? { request.uri.queryParameters[Substring(name)].map(String.init) }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { request.headers[$0] } }

    /// A number in the query; `nil` when it is not there.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(PlatformError) -> Int? {
        guard let text = query(name) else { return nil }
        guard text.utf8.count <= 20, let number = Int(text), range.contains(number) else {
            throw .invalid(
                "the query parameter \(name) must be a number from \(range.lowerBound) to \(range.upperBound), "
                    + "not \(NameFault.quoted(text))")
        }
        return number
    }

    /// The body as a JSON object. An absent body is an empty one when `isOptional`.
    func body(isOptional: Bool = false) async throws -> JSONObject {
        let bytes: ByteBuffer
        do {
            bytes = try await request.body.collect(upTo: Self.bodyLimit)
        } catch is NIOTooManyBytesError {
            throw PlatformError(.tooLarge, "the body has over \(Self.bodyLimit) bytes")
        }
        if isOptional, bytes.readableBytes == 0 { return JSONObject() }
        return try JSONObject(parsing: Array(bytes.readableBytesView))
    }
}
