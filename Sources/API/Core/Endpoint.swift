import Core
import HTTPTypes
import Hummingbird

/// One operation of the API: a method, a path pattern (`/apps/{app_id}`), what it is called and described as, and what
/// answers it.
struct Endpoint: Sendable {
    let method: HTTPRequest.Method
    let path: String
    let operation: Operation
    let handle: @Sendable (Call) async throws -> Answer

    init(
        _ method: HTTPRequest.Method, _ path: String, _ operation: Operation,
        _ handle: @escaping @Sendable (Call) async throws -> Answer
    ) {
        self.method = method
        self.path = path
        self.operation = operation
        self.handle = handle
    }
}

/// A group of endpoints around one kind of thing. Surfaces share this folder's types and never one another's.
protocol Surface: Sendable {
    var endpoints: [Endpoint] { get }
}
