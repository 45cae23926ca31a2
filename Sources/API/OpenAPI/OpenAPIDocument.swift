import Core
import HTTPTypes

/// The description of the API (OpenAPI 3.1.1), made of the endpoints that are served.
enum OpenAPIDocument {
    static let path = "/openapi.json"

    /// - Parameters:
    ///   - server: the address that the examples are sent to.
    ///   - templates: those that are installed.
    static func make(_ endpoints: [Endpoint], server: String, templates: [String]) -> JSONValue {
        [
            "openapi": "3.1.1",
            "info": [
                "title": "Berth",
                "version": "1",
                "description":
                    "The xhost API. Operations marked x-berth-extension are Berth's own. Ids in a path that are malformed are answered as unknown ones.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": .string(server)]],
            "security": [["bearer": []]],
            "paths": .object(paths(endpoints) + openPaths),
            "components": [
                "securitySchemes": [
                    "bearer": [
                        "type": "http", "scheme": "bearer",
                        "description": "xh_live_…, made on the dashboard, by POST /tokens or by berthd token add",
                    ]
                ],
                "schemas": .object(Schemas.all(templates: templates)),
            ],
        ]
    }

    private static func paths(_ endpoints: [Endpoint]) -> [(String, JSONValue)] {
        var order: [String] = []
        var items: [String: [(String, JSONValue)]] = [:]
        for endpoint in endpoints {
            if items[endpoint.path] == nil {
                order.append(endpoint.path)
                let names = endpoint.path.split(separator: "/").filter { $0.hasPrefix("{") }
                let parameters = names.map { pathParameter(String($0.dropFirst().dropLast())) }
                items[endpoint.path] = parameters.isEmpty ? [] : [("parameters", .array(parameters))]
            }
            items[endpoint.path]?.append((endpoint.method.rawValue.lowercased(), operation(endpoint.operation)))
        }
        return order.map { ($0, .object(items[$0] ?? [])) }
    }

    private static func pathParameter(_ name: String) -> JSONValue {
        let (schema, example): (JSONValue, JSONValue) =
            switch name {
            case "app_id": (["type": "string", "format": "uuid"], .string(Examples.appID))
            case "channel_id": (["type": "string", "format": "uuid"], .string(Examples.channelID))
            case "token_id": (["type": "string", "format": "uuid"], .string(Examples.tokenID))
            case "deploy_id": (["type": "string", "format": "uuid"], .string(Examples.deployID))
            case "instance_id": (["type": "string", "format": "uuid"], .string(Examples.instanceID))
            case "invite_id": (["type": "string", "format": "uuid"], .string(Examples.inviteID))
            default: (["type": "string", "pattern": "^[A-Z_][A-Z0-9_]*$", "maxLength": 255], "STRIPE_SECRET_KEY")
            }
        return ["name": .string(name), "in": "path", "required": true, "schema": schema, "example": example]
    }

    private static func operation(_ operation: Operation) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("operationId", .string(operation.id)), ("summary", .string(operation.summary)),
            ("tags", [.string(operation.tag)]),
        ]
        if operation.isExtension { members.append(("x-berth-extension", true)) }
        if !operation.scopes.isEmpty {
            members.append(("security", [["bearer": .array(operation.scopes.map { .string($0.rawValue) })]]))
        }
        if !operation.query.isEmpty {
            members.append(("parameters", .array(operation.query.map(queryParameter))))
        }
        if let body = operation.body {
            members.append(
                (
                    "requestBody",
                    [
                        "required": .boolean(body.isRequired),
                        "content": [
                            "application/json": [
                                "schema": Schemas.reference(body.schema), "example": body.example,
                            ]
                        ],
                    ]
                ))
        }
        members.append(("responses", .object([success(operation.success)] + failures(operation))))
        return .object(members)
    }

    private static func queryParameter(_ parameter: Operation.Parameter) -> JSONValue {
        .object(
            [
                ("name", .string(parameter.name)), ("in", "query"), ("required", .boolean(parameter.isRequired)),
                ("description", .string(parameter.description)), ("schema", parameter.schema),
            ] + (parameter.example.map { [("example", $0)] } ?? []))
    }

    private static func success(_ success: Operation.Success) -> (String, JSONValue) {
        switch success {
        case .nothing:
            ("204", ["description": "No Content", "headers": requestID] as JSONValue)
        case .json(let schema, let example):
            ("200", content("application/json", Schemas.reference(schema), example))
        case .text(let example):
            ("200", content("text/plain; charset=utf-8", ["type": "string"], .string(example)))
        case .events(let example):
            ("200", content("text/event-stream", eventStream, .string(example)))
        case .sql(let example):
            ("200", content("application/sql", ["type": "string"], .string(example)))
        }
    }

    private static func content(_ type: String, _ schema: JSONValue, _ example: JSONValue) -> JSONValue {
        let media: JSONValue = ["schema": schema, "example": example]
        return ["description": "OK", "headers": requestID, "content": .object([(type, media)])]
    }

    /// The text of the stream, and what each event in it is once it is read.
    private static let eventStream: JSONValue = [
        "type": ["string", "object"],
        "properties": ["id": ["type": "string"], "event": ["type": "string"], "data": ["type": "string"]],
    ]

    private static let requestID: JSONValue = [
        "X-Request-Id": [
            "required": true, "schema": ["type": "string"],
            "description": "Stands beside the request in the server's log",
        ]
    ]

    /// What every endpoint may answer, and what this one may, by status.
    private static func failures(_ operation: Operation) -> [(String, JSONValue)] {
        let all =
            [
                Operation.Failure(.unauthenticated, "No token provided"),
                Operation.Failure(.tokenInvalid, "Token does not exist"),
                Operation.Failure(.tokenRevoked, "Token has been revoked"),
            ] + operation.failures + [
                Operation.Failure(.internal, "Unexpected server error"),
                Operation.Failure(.unavailable, "The server's own store does not answer now; try again"),
            ]
        var byStatus: [Int: [(code: String, when: String)]] = [:]
        for failure in all {
            let (status, code) = ErrorEnvelopeMiddleware.wireForm(of: failure.code)
            byStatus[status.code, default: []].append((code, failure.when))
        }
        return byStatus.sorted { $0.key < $1.key }.map { status, reasons in
            (String(status), envelope(reasons, isUnauthorized: status == 401))
        }
    }

    private static func envelope(_ reasons: [(code: String, when: String)], isUnauthorized: Bool) -> JSONValue {
        var examples: [(String, JSONValue)] = []
        for (code, when) in reasons where !examples.contains(where: { $0.0 == code }) {
            examples.append(
                (
                    code,
                    [
                        "summary": .string(when),
                        "value": ["error": ["code": .string(code), "message": .string(when.lowercased())]],
                    ]
                ))
        }
        let text = reasons.map { "\($0.code): \($0.when)" }.joined(separator: ". ")
        var headers = [("X-Request-Id", JSONValue.null)]
        if case .object(let members) = requestID { headers = members }
        if isUnauthorized {
            headers.append(
                ("WWW-Authenticate", ["required": true, "schema": ["type": "string", "pattern": "^Bearer"]]))
        }
        return [
            "description": .string(text), "headers": .object(headers),
            "content": ["application/json": ["schema": Schemas.reference("Error"), "examples": .object(examples)]],
        ]
    }

    /// What is answered without a token.
    private static let openPaths: [(String, JSONValue)] = [
        (
            "/healthz", open("getHealth", "Tell that the server answers", ["type": "object"], example: ["status": "ok"])
        ),
        (path, open("getDescription", "This description", ["type": "object"], example: ["openapi": "3.1.1"])),
    ]

    private static func open(
        _ id: String, _ summary: String, _ schema: JSONValue, example: JSONValue
    ) -> JSONValue {
        [
            "get": [
                "operationId": .string(id), "summary": .string(summary), "tags": ["Server"],
                "x-berth-extension": true, "security": [],
                "responses": ["200": content("application/json", schema, example)],
            ]
        ]
    }
}
