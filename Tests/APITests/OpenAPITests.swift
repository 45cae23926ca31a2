import Control
import ControlTestSupport
import Core
import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import API

/// The description against what is served.
@Suite("The OpenAPI description")
struct OpenAPITests {
    private let api = TestAPI()

    private func description() async throws -> [String: Any] {
        try await api.call(.get, "/openapi.json").object
    }

    @Test("is given to anybody, and is the one in docs/api")
    func file() async throws {
        let reply = try await api.call(.get, "/openapi.json")
        #expect(reply.status == 200 && reply.headers[.contentType] == "application/json")
        let served = try #require(reply.object as NSDictionary?)
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/api/openapi.json")
        if ProcessInfo.processInfo.environment["BERTH_WRITE_DESCRIPTION"] != nil {
            try JSONSerialization.data(
                withJSONObject: served, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            ).write(to: file)
        }
        let kept = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? NSDictionary
        #expect(served == kept, "write it anew: BERTH_WRITE_DESCRIPTION=1 scripts/run-tests APITests")
    }

    @Test("has every route that is served, and no other")
    func routes() async throws {
        let paths = try #require(try await description()["paths"] as? [String: [String: Any]])
        var described: Set<String> = []
        for (path, item) in paths {
            for method in item.keys where method != "parameters" { described.insert("\(method.uppercased()) \(path)") }
        }
        let served = APIServer(control: api.platform.control).endpoints.map { "\($0.method.rawValue) \($0.path)" }
        #expect(described == Set(served).union(["GET /healthz", "GET /openapi.json"]))
        #expect(Set(served).count == served.count)
    }

    /// The endpoints of the contract's document "API Reference", in its order.
    private static let contract: Set<String> = [
        "GET /apps", "POST /apps", "GET /apps/{app_id}", "DELETE /apps/{app_id}", "GET /apps/{app_id}/channels",
        "POST /apps/{app_id}/channels", "GET /apps/{app_id}/channels/{channel_id}",
        "DELETE /apps/{app_id}/channels/{channel_id}", "POST /apps/{app_id}/channels/{channel_id}/deploy",
        "GET /apps/{app_id}/channels/{channel_id}/logs", "POST /apps/{app_id}/env", "DELETE /apps/{app_id}/env/{key}",
        "GET /apps/{app_id}/channels/{channel_id}/postgres", "POST /apps/{app_id}/channels/{channel_id}/postgres/reset",
        "GET /apps/{app_id}/channels/{channel_id}/postgres/dump", "GET /me/postgres/storage", "POST /tokens",
        "DELETE /tokens/{token_id}", "GET /api/user/stats",
    ]

    @Test("marks as an extension whatever the contract does not have, and nothing that it has")
    func extensions() async throws {
        let paths = try #require(try await description()["paths"] as? [String: [String: Any]])
        var unmarked: Set<String> = []
        for (path, item) in paths {
            for (method, operation) in item where method != "parameters" {
                let isExtension = (operation as? [String: Any])?["x-berth-extension"] as? Bool ?? false
                if !isExtension { unmarked.insert("\(method.uppercased()) \(path)") }
            }
        }
        #expect(unmarked.subtracting(Self.contract) == [], "these lack the mark")
        #expect(Self.contract.subtracting(unmarked) == [], "these have the mark, or are not described")
    }

    @Test("names every path parameter once, each operation once, and refers to nothing that is missing")
    func references() async throws {
        let document = try await description()
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        var operations: [String] = []
        for (path, item) in paths {
            let names = ((item["parameters"] as? [[String: Any]]) ?? []).compactMap { $0["name"] as? String }
            let parts = path.split(separator: "/").filter { $0.hasPrefix("{") }.map {
                String($0.dropFirst().dropLast())
            }
            #expect(names == parts, "\(path)")
            for case let operation as [String: Any] in item.values {
                if let id = operation["operationId"] as? String { operations.append(id) }
            }
        }
        #expect(Set(operations).count == operations.count && !operations.isEmpty)
        let schemas = try schemas(document)
        for reference in Self.references(in: document) { #expect(schemas[reference] != nil, "\(reference)") }
    }

    @Test("has examples that its own schemas accept")
    func examples() async throws {
        let document = try await description()
        let validator = SchemaValidator(schemas: try schemas(document))
        var count = 0
        try Self.forEachMedia(document) { place, media in
            let schema = try #require(media["schema"])
            if let example = media["example"] {
                #expect(validator.problems(example, schema) == [], "\(place)")
                count += 1
            }
            for case let example as [String: Any] in ((media["examples"] as? [String: Any]) ?? [:]).values {
                #expect(validator.problems(try #require(example["value"]), schema) == [], "\(place)")
                count += 1
            }
        }
        #expect(count > 100)
    }

    @Test("says what every operation really answers when its example is sent")
    func replay() async throws {
        let document = try await description()
        let validator = SchemaValidator(schemas: try schemas(document))
        let world = try await ExampleWorld(api)
        let endpoints = APIServer(control: api.platform.control).endpoints
        // Deletions come last, from the inside out, so that there is something to ask for before.
        let order = endpoints.filter { $0.method != .delete } + endpoints.filter { $0.method == .delete }.reversed()
        for endpoint in order {
            let operation = endpoint.operation
            let path = world.fill(endpoint.path, query: operation.query)
            let body = operation.body.map { world.fill($0.example.text) }
            let token = operation.tag == "Administration" ? world.adminToken : world.token
            let reply = try await api.call(endpoint.method, path, token: token, body: body)
            #expect(HTTPField.Name("X-Request-Id").flatMap { reply.headers[$0] }?.isEmpty == false, "\(operation.id)")
            switch operation.success {
            case .nothing:
                #expect(reply.status == 204 && reply.text.isEmpty, "\(operation.id): \(reply.text)")
            case .json(let schema, _):
                #expect(reply.status == 200, "\(operation.id): \(reply.text)")
                let value = try JSONSerialization.jsonObject(with: Data(reply.text.utf8), options: .fragmentsAllowed)
                let reference = ["$ref": "#/components/schemas/\(schema)"]
                #expect(validator.problems(value, reference) == [], "\(operation.id)")
            case .text:
                #expect(reply.status == 200 && reply.headers[.contentType] == "text/plain; charset=utf-8")
            case .events:
                #expect(reply.status == 200 && reply.headers[.contentType] == "text/event-stream")
            case .sql:
                #expect(reply.status == 200 && reply.headers[.contentType] == "application/sql")
            }
        }
    }

    private func schemas(_ document: [String: Any]) throws -> [String: Any] {
        try #require((document["components"] as? [String: Any])?["schemas"] as? [String: Any])
    }

    /// Names of the schemas that are referred to anywhere below `value`.
    private static func references(in value: Any) -> [String] {
        switch value {
        case let object as [String: Any]:
            object.flatMap { name, member in
                (name == "$ref" ? [(member as? String ?? "").replacing("#/components/schemas/", with: "")] : [])
                    + references(in: member)
            }
        case let list as [Any]: list.flatMap(references)
        default: []
        }
    }

    /// Calls `body` for every body of a request or an answer.
    private static func forEachMedia(
        _ value: Any, _ place: String = "", _ body: (String, [String: Any]) throws -> Void
    ) rethrows {
        guard let object = value as? [String: Any] else { return }
        for (name, member) in object {
            guard name == "content", let content = member as? [String: [String: Any]] else {
                try forEachMedia(member, "\(place)/\(name)", body)
                continue
            }
            for media in content.values { try body(place, media) }
        }
    }
}
