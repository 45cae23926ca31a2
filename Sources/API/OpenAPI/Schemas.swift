import Control
import Core

/// The kinds of JSON that go over the wire (seed 000, the tables of fields).
enum Schemas {
    /// - Parameter templates: those that are installed.
    static func all(templates: [String]) -> [(String, JSONValue)] {
        [newApp(templates: templates)] + requests + apps + deploys + statistics + databases + accounts + [
            ("Error", error)
        ]
    }

    static let id: JSONValue = ["type": "string", "format": "uuid"]
    static let time: JSONValue = ["type": "string", "format": "date-time"]
    static let sha: JSONValue = ["type": ["string", "null"], "pattern": "^[0-9a-f]{40}$"]
    static let text: JSONValue = ["type": "string"]
    static let textOrNull: JSONValue = ["type": ["string", "null"]]
    static let timeOrNull: JSONValue = ["type": ["string", "null"], "format": "date-time"]
    static let count: JSONValue = ["type": "integer", "minimum": 0]
    static let number: JSONValue = ["type": "number", "minimum": 0]
    static let flag: JSONValue = ["type": "boolean"]
    private static let scopes = list(["type": "string", "enum": ["repo:*", "deploy:*", "channel:*"]])
    static let deployStatus: JSONValue = [
        "type": "string", "enum": ["queued", "running", "success", "failed"],
    ]
    private static let channelStatus: JSONValue = ["type": "string", "enum": ["provisioning", "running"]]
    private static let template: JSONValue = ["type": "string", "description": "static, node, or an operator's own"]

    static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

    static func list(_ items: JSONValue) -> JSONValue { ["type": "array", "items": items] }

    /// An answer: all members are there, always.
    static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        [
            "type": "object", "required": .array(members.map { .string($0.0) }), "properties": .object(members),
        ]
    }

    static func request(_ members: [(String, JSONValue)], required: [String]) -> JSONValue {
        let names = required.map { JSONValue.string($0) }
        return .object(
            [("type", "object")] + (names.isEmpty ? [] : [("required", .array(names))])
                + [("properties", .object(members))])
    }

    private static let label = "[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?"
    /// git-check-ref-format(1), with `--branch`; `BranchName` is the rule.
    private static let branch =
        #"(?!(?:@|HEAD)$|[-/.])(?!.*(?:\.\.|@\{|//|/\.|\.lock(?:/|$)))[^\u0000-\u0020\u007f~^:?*\[\\]*"#
        + #"[^\u0000-\u0020\u007f~^:?*\[\\/.]"#
    private static func newApp(templates: [String]) -> (String, JSONValue) {
        let name: JSONValue = [
            "type": "string", "minLength": 1, "maxLength": 40,
            "pattern": .string("^(?!(?:\(AppName.reservedPrefixes.joined(separator: "|")))(?:-|$))\(label)$"),
        ]
        let template: JSONValue = [
            "type": ["string", "null"], "enum": .array(templates.map { .string($0) } + [nil]), "default": "static",
        ]
        return ("NewApp", request([("name", name), ("template", template)], required: ["name"]))
    }

    private static let requests: [(String, JSONValue)] = [
        (
            "NewChannel",
            request(
                [
                    (
                        "name",
                        ["type": "string", "minLength": 1, "maxLength": 40, "pattern": .string("^(?!prod$)\(label)$")]
                    ),
                    (
                        "git_ref_binding",
                        [
                            "type": "string", "pattern": .string("^branch:(?:\\*|\(branch))$"),
                            "maxLength": .integer(BranchName.maximumLength + 7),
                            "description": "branch:<name>, a name that git accepts, at most 255 bytes, or branch:*",
                        ]
                    ),
                ], required: ["name", "git_ref_binding"])
        ),
        (
            "NewDeploy",
            request(
                [
                    (
                        "sha",
                        [
                            "type": "string", "maxLength": .integer(BranchName.maximumLength),
                            "pattern": .string("^(?:HEAD|\(branch))$"),
                            "description": "40 hex digits, a branch that the channel is bound to, or HEAD",
                        ]
                    )
                ],
                required: ["sha"])
        ),
        (
            "NewVariable",
            request(
                [
                    (
                        "key",
                        [
                            "type": "string", "maxLength": .integer(EnvironmentKey.maximumLength),
                            "pattern": .string(
                                "^(?!(?:\(EnvironmentKey.reserved.sorted().joined(separator: "|")))$)[A-Z_][A-Z0-9_]*$"),
                        ]
                    ),
                    (
                        "value",
                        [
                            "type": "string", "maxLength": .integer(EnvironmentValue.maximumBytes),
                            "pattern": "^[^\\u0000]*$", "description": "At most 64 KiB as UTF-8",
                        ]
                    ),
                ], required: ["key", "value"])
        ),
        ("ResetConfirmation", request([("confirm_schema_name", text)], required: ["confirm_schema_name"])),
        (
            "NewToken",
            request(
                [
                    ("label", labelOrNull),
                    ("scopes", ["type": ["array", "null"], "enum": [["repo:*", "deploy:*", "channel:*"], nil]]),
                ], required: [])
        ),
        (
            "NewUser",
            request(
                [
                    (
                        "username",
                        ["type": "string", "minLength": 1, "maxLength": 40, "pattern": .string("^\(label)$")]
                    ), ("is_admin", ["type": ["boolean", "null"], "default": false]),
                ], required: ["username"])
        ),
        (
            "NewInvite",
            request(
                [
                    ("label", labelOrNull),
                    (
                        "expires_in_hours",
                        [
                            "type": ["integer", "null"], "minimum": .integer(InviteService.hours.lowerBound),
                            "maximum": .integer(InviteService.hours.upperBound),
                            "default": .integer(InviteService.usualHours),
                        ]
                    ),
                ], required: [])
        ),
    ]
    private static let labelOrNull: JSONValue = [
        "type": ["string", "null"], "maxLength": .integer(TokenService.maximumLabelLength),
        "pattern": "^[^\\u0000-\\u001f\\u007f]*$",
    ]

    private static let apps: [(String, JSONValue)] = [
        (
            "Channel",
            object([
                ("id", id), ("name", text), ("hostname", text),
                ("git_ref_binding", ["type": "string", "pattern": "^branch:"]), ("current_sha", sha),
                ("status", channelStatus),
            ])
        ),
        ("ChannelList", list(reference("Channel"))),
        (
            "App",
            object([
                ("id", id), ("name", text), ("repo_url", ["type": "string", "format": "uri"]),
                ("template", template), ("created_at", time), ("channels", list(reference("Channel"))),
            ])
        ),
        ("AppList", object([("apps", list(reference("App")))])),
        (
            "ProtectedBranches",
            object([
                (
                    "branches",
                    [
                        "type": "array", "maxItems": .integer(AppService.maximumProtectedBranches),
                        "items": [
                            "type": "string", "maxLength": .integer(BranchName.maximumLength),
                            "pattern": .string("^\(branch)$"),
                            "description": "a name that git accepts, at most 255 bytes",
                        ],
                    ]
                )
            ])
        ),
        ("VariableNames", object([("keys", list(text))])),
    ]

    private static let statistics: [(String, JSONValue)] = [
        (
            "Statistics",
            object([
                ("username", text), ("user_id", id),
                (
                    "platform",
                    object([
                        ("apps", count), ("channels", count), ("running_channels", count),
                        ("deploys_last_hour", count), ("deploys_last_day", count), ("success_last_day", count),
                        ("failed_last_day", count),
                    ])
                ),
                (
                    "resources",
                    object([
                        ("mem_current_mb", number), ("mem_limit_mb", number), ("mem_percent", number),
                        ("cpu_current_percent", number), ("cpu_avg_percent", number), ("cpu_usage_sec", number),
                    ])
                ),
                (
                    "sites",
                    list(
                        object([
                            ("hostname", text), ("repo", text), ("branch", text), ("status", channelStatus),
                            ("sha", ["type": ["string", "null"], "pattern": "^[0-9a-f]{7}$"]),
                            ("latest_deploy_id", id), ("latest_deploy_status", deployStatus),
                        ]))
                ),
                (
                    "collected_at",
                    [
                        "type": "string",
                        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC$",
                    ]
                ),
            ])
        )
    ]

    private static let databases: [(String, JSONValue)] = [
        (
            "Database",
            object([
                ("db_name", ["type": "string", "pattern": "^u_[0-9a-f]{32}$"]),
                ("schema_name", ["type": "string", "pattern": "^ch_[0-9a-f]{12}$"]),
                ("role_name", ["type": "string", "pattern": "^r_[0-9a-f]{12}$"]),
                ("status", ["type": "string", "enum": ["provisioning", "ready", "failed"]]),
                ("last_error", textOrNull), ("connection_count", count), ("connection_limit", count),
                ("password_set", flag), ("storage_bytes", count),
            ])
        ),
        ("Storage", object([("database_size_bytes", count), ("schema_count", count)])),
    ]

    private static let accounts: [(String, JSONValue)] = [
        (
            "Token",
            object([
                ("token_id", id), ("label", textOrNull), ("scopes", scopes), ("created_at", time),
                ("last_used_at", timeOrNull),
            ])
        ),
        ("TokenList", object([("tokens", list(reference("Token")))])),
        (
            "CreatedToken",
            object([
                ("token_id", id), ("plaintext", ["type": "string", "pattern": "^xh_live_"]), ("scopes", scopes),
                ("label", textOrNull), ("created_at", time),
            ])
        ),
        ("User", object([("user_id", id), ("username", text), ("is_admin", flag), ("created_at", time)])),
        ("UserList", object([("users", list(reference("User")))])),
        (
            "CreatedUser",
            object([("user", reference("User")), ("token", ["type": "string", "pattern": "^xh_live_"])])
        ),
        ("Account", object([("user", reference("User")), ("token", object([("token_id", id), ("scopes", scopes)]))])),
        (
            "Invite",
            object([
                ("invite_id", id), ("label", textOrNull), ("created_at", time), ("expires_at", time),
                ("used_at", timeOrNull),
            ])
        ),
        ("InviteList", object([("invites", list(reference("Invite")))])),
        (
            "CreatedInvite",
            object([("invite", reference("Invite")), ("code", ["type": "string", "pattern": "^xh_invite_"])])
        ),
    ]

    private static let error = object([
        ("error", object([("code", ["type": "string", "enum": .array(codes)]), ("message", text)]))
    ])

    /// Every code that an answer may have.
    private static let codes = Set(PlatformError.Code.allCases.map { ErrorEnvelopeMiddleware.wireForm(of: $0).1 })
        .sorted().map { JSONValue.string($0) }
}
