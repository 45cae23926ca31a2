import Control
import Core
import HTTPTypes

/// `/apps/{app_id}/events` and `/admin/events`: what the server did by itself. An extension of the contract.
struct EventsSurface: Surface {
    let events: EventService

    static let counts = 1...1000
    static let usualCount = 100

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/apps/{app_id}/events", .listEvents) { call in
                try await events.checkAccess(app: call.id("app_id"), by: call.principal)
                let list = try await events.list(
                    app: call.id("app_id"), limit: try Self.limit(call), by: call.principal)
                return Self.answer(list)
            },
            Endpoint(.get, "/admin/events", .listMachineEvents) { call in
                try await events.requireAdmin(call.principal)
                return Self.answer(try await events.listOfMachine(limit: try Self.limit(call), by: call.principal))
            },
        ]
    }

    private static func limit(_ call: Call) throws(PlatformError) -> Int {
        try call.integer("limit", in: counts) ?? usualCount
    }

    private static func answer(_ list: [Event]) -> Answer { .json(["events": .array(list.map(json))]) }

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
        isExtension: true, query: [limit], success: .json("EventList", example: ["events": [Examples.event]]),
        failures: [outOfRange, .app])

    fileprivate static let listMachineEvents = Operation(
        id: "listMachineEvents", summary: "List what the server did by itself and for no app, newest first",
        tag: "Administration", scopes: Scope.standard, isExtension: true, query: [limit],
        success: .json("EventList", example: ["events": [Examples.machineEvent]]),
        failures: [outOfRange] + Failure.admin + [Failure(.scopeDenied, "Token lacks one of the default scopes")])

    private static let limit = Parameter(
        name: "limit", description: "Events at most", isRequired: false,
        schema: [
            "type": "integer", "minimum": .integer(EventsSurface.counts.lowerBound),
            "maximum": .integer(EventsSurface.counts.upperBound), "default": .integer(EventsSurface.usualCount),
        ], example: 100)

    private static let outOfRange = Failure(.invalid, "limit is out of range")
}
