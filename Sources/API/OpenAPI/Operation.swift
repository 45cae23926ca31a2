import Core

/// What an endpoint is, said once: `OpenAPIDocument` is made of these, and people's clients of that.
struct Operation: Sendable {
    /// What a success is answered with.
    enum Success: Sendable {
        /// 200 with JSON of this schema.
        case json(String, example: JSONValue)
        case text(example: String)
        case sql(example: String)
        /// 200 with server-sent events.
        case events(example: String)
        /// 204
        case nothing
    }

    /// A query parameter.
    struct Parameter: Sendable {
        let name: String
        let description: String
        let isRequired: Bool
        let schema: JSONValue
        let example: JSONValue?
    }

    /// A request body: JSON of this schema.
    struct Body: Sendable {
        let schema: String
        let isRequired: Bool
        let example: JSONValue
    }

    /// One way to fail, beside those that every endpoint has.
    struct Failure: Sendable {
        let code: PlatformError.Code
        let when: String

        init(_ code: PlatformError.Code, _ when: String) {
            self.code = code
            self.when = when
        }
    }

    let id: String
    let summary: String
    let tag: String
    /// What the token must hold, beside being valid.
    var scopes: [Scope] = []
    /// Not part of the xhost API.
    var isExtension = false
    var query: [Parameter] = []
    var body: Body?
    let success: Success
    var failures: [Failure] = []
}
