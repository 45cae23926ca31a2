import Control
import Core
import HTTPTypes

/// `/apps/{app_id}/events`: what the server did by itself. An extension of the contract.
struct EventsSurface: Surface {
    let events: EventService

    static let counts = 1...1000
    static let usualCount = 100

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/apps/{app_id}/events", .listEvents) { call in
                try await events.checkAccess(app: call.id("app_id"), by: call.principal)
                let limit = try call.integer("limit", in: Self.counts) ?? Self.usualCount
                let list = try await events.list(app: call.id("app_id"), limit: limit, by: call.principal)
                return .json(["events": .array(list.map(Self.json))])
            }
        ]
    }

    private static func json(_ event: Event) -> JSONValue {
        [
            "kind": .string(event.kind.rawValue), "channel_id": .optional(event.channelID?.description),
            "text": .string(event.text), "created_at": .string(Timestamp.string(from: event.date)),
        ]
    }
}

extension Operation {
    fileprivate static let listEvents = Operation(
        id: "listEvents", summary: "List what the server did for an app by itself, newest first", tag: "Events",
        isExtension: true,
        query: [
            Parameter(
                name: "limit", description: "Events at most", isRequired: false,
                schema: [
                    "type": "integer", "minimum": .integer(EventsSurface.counts.lowerBound),
                    "maximum": .integer(EventsSurface.counts.upperBound), "default": .integer(EventsSurface.usualCount),
                ], example: 100)
        ], success: .json("EventList", example: ["events": [Examples.event]]),
        failures: [Failure(.invalid, "limit is out of range"), .app])
}
