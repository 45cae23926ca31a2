import Core

extension Schemas {
    private static let idOrNull: JSONValue = ["type": ["string", "null"], "format": "uuid"]
    private static let numberOrNull: JSONValue = ["type": ["number", "null"], "minimum": 0]

    private static let deployMembers: [(String, JSONValue)] = [
        ("deploy_id", id), ("channel_id", id), ("requested", text), ("branch", textOrNull), ("sha", sha),
        ("release_id", idOrNull), ("status", deployStatus), ("failure", textOrNull), ("created_at", time),
        ("started_at", timeOrNull), ("finished_at", timeOrNull),
    ]

    /// As `object`; it may be null as well.
    private static func nullable(_ members: [(String, JSONValue)]) -> JSONValue {
        [
            "type": ["object", "null"], "required": .array(members.map { .string($0.0) }),
            "properties": .object(members),
        ]
    }

    /// Deploys, releases and instances.
    static let deploys: [(String, JSONValue)] = [
        ("QueuedDeploy", object([("deploy_id", id), ("channel_id", id), ("status", deployStatus)])),
        ("Deploy", object(deployMembers)),
        ("DeployPage", object([("deploys", list(reference("Deploy"))), ("next_cursor", textOrNull)])),
        (
            "DeployDetail",
            object(
                deployMembers + [
                    ("reused", flag),
                    (
                        "steps",
                        list(
                            object([
                                (
                                    "name",
                                    [
                                        "type": "string",
                                        "enum": .array(DeployStep.Name.allCases.map { .string($0.rawValue) }),
                                    ]
                                ), ("started_at", time),
                                ("duration_ms", ["type": ["integer", "null"], "minimum": 0]),
                            ]))
                    ), ("switch", reference("SwitchFigures")),
                ])
        ),
        (
            "SwitchFigures",
            nullable([
                ("requests", count), ("failed", count), ("requests_before", count), ("failed_before", count),
                ("p99_before_ms", numberOrNull), ("p99_after_ms", numberOrNull),
            ])
        ),
        (
            "Release",
            object([
                ("release_id", id), ("deploy_id", id), ("sha", sha), ("created_at", time), ("is_current", flag),
            ])
        ),
        ("ReleaseList", object([("releases", list(reference("Release")))])),
        (
            "Rollback",
            request([("release_id", ["type": ["string", "null"], "format": "uuid"])], required: [])
        ),
        (
            "Instance",
            object([
                ("instance_id", id), ("release_id", id),
                (
                    "state",
                    [
                        "type": "string",
                        "enum": ["starting", "live", "draining", "asleep", "suspended", "stopped"],
                    ]
                ), ("reason", textOrNull), ("created_at", time),
            ])
        ),
        (
            "Event",
            object([
                (
                    "kind",
                    ["type": "string", "enum": .array(Event.Kind.allCases.map { .string($0.rawValue) })]
                ), ("channel_id", idOrNull), ("text", text), ("created_at", time),
            ])
        ),
        ("EventList", object([("events", list(reference("Event")))])),
        (
            "InstanceList",
            object([("instances", list(reference("Instance"))), ("stopped", list(reference("Instance")))])
        ),
    ]
}
