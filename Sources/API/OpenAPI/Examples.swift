/// The examples of seed 000, with Berth's own address, and those of the extensions in the same manner.
enum Examples {
    static let appID = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
    static let channelID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    static let stagingID = "a3bb189e-8bf9-4888-9912-ace4e6543002"
    static let deployID = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
    static let releaseID = "0b3c2c9e-52ab-4a4c-8a0f-6a6f1b7d2c11"
    static let instanceID = "3d0f2c7e-8f0b-4a52-9f0e-0f4c5f9d7a21"
    static let userID = "550e8400-e29b-41d4-a716-446655440000"
    static let tokenID = "c56a4180-65aa-42ec-a945-5fd21dec0538"
    static let inviteID = "6fa459ea-ee8a-4ca4-894e-db77e160355e"
    static let sha = "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2"
    static let schema = "ch_7c9e66797425"
    static let time = "2026-04-22T10:30:00Z"

    static func prod(sha: JSONValue, status: JSONValue) -> JSONValue {
        [
            "id": .string(channelID), "name": "prod", "hostname": "my-site-alice.localhost",
            "git_ref_binding": "branch:master", "current_sha": sha, "status": status,
        ]
    }

    static let runningProd = prod(sha: .string(sha), status: "running")
    static let staging: JSONValue = [
        "id": .string(stagingID), "name": "staging", "hostname": "staging-my-site-alice.localhost",
        "git_ref_binding": "branch:*", "current_sha": nil, "status": "provisioning",
    ]

    static func app(_ prod: JSONValue) -> JSONValue {
        [
            "id": .string(appID), "name": "my-site", "repo_url": "http://git.localhost:8080/alice/my-site.git",
            "template": "static", "created_at": .string(time), "channels": [prod],
        ]
    }

    private static let deployMembers: [(String, JSONValue)] = [
        ("deploy_id", .string(deployID)), ("channel_id", .string(channelID)), ("requested", "HEAD"),
        ("branch", "master"), ("sha", .string(sha)), ("release_id", .string(releaseID)), ("status", "success"),
        ("failure", nil), ("created_at", .string(time)), ("started_at", "2026-04-22T10:31:00Z"),
        ("finished_at", "2026-04-22T10:31:03Z"),
    ]
    static let deploy = JSONValue.object(deployMembers)
    static let deployDetail = JSONValue.object(
        deployMembers + [
            ("reused", false),
            (
                "steps",
                [
                    ["name": "resolve", "started_at": "2026-04-22T10:31:00Z", "duration_ms": 2],
                    ["name": "build", "started_at": "2026-04-22T10:31:00Z", "duration_ms": 1840],
                    ["name": "start", "started_at": "2026-04-22T10:31:02Z", "duration_ms": 310],
                    ["name": "switch", "started_at": "2026-04-22T10:31:02Z", "duration_ms": 3004],
                ]
            ),
            (
                "switch",
                [
                    "requests": 4812, "failed": 0, "requests_before": 9210, "failed_before": 0,
                    "p99_before_ms": .decimal(12.5),
                    "p99_after_ms": .decimal(15),
                ]
            ),
        ])
    static let release: JSONValue = [
        "release_id": .string(releaseID), "deploy_id": .string(deployID), "sha": .string(sha),
        "created_at": .string(time), "is_current": false,
    ]
    static let instance: JSONValue = [
        "instance_id": .string(instanceID), "release_id": .string(releaseID), "state": "live",
        "reason": .null, "created_at": .string(time),
    ]
    static let event: JSONValue = [
        "kind": "instance_replaced", "channel_id": .string(channelID),
        "text": "an instance was started anew: its network is gone", "created_at": .string(time),
    ]
    static let machineEvent: JSONValue = [
        "kind": "stray_removed", "channel_id": .null,
        "text": "the container i-5f0c6b1e-7d0a-4c0e-9a53-0f6f4b1f2d11 was nobody's and was removed",
        "created_at": .string(time),
    ]
    static let deployEvents = """
        id: 1
        data: [2026-04-22T10:31:00Z] git-sync: resolved master -> a1b2c3d4

        id: 2
        data: [2026-04-22T10:31:03Z] deploy complete

        event: end
        data: {"status":"success","failure":null}


        """
    static let outputEvents = """
        data: listening on port 8080


        """

    static let log = """
        [2026-04-22T10:31:00Z] git-sync: resolved master -> a1b2c3d4
        [2026-04-22T10:31:01Z] starting container...
        [2026-04-22T10:31:03Z] health check passed
        [2026-04-22T10:31:03Z] deploy complete

        """

    static let scopes: JSONValue = ["repo:*", "deploy:*", "channel:*"]
    static let token: JSONValue = [
        "token_id": .string(tokenID), "label": "ci", "scopes": scopes, "created_at": "2026-04-22T11:00:00Z",
        "last_used_at": "2026-04-22T11:05:00Z",
    ]
    static let user: JSONValue = [
        "user_id": .string(userID), "username": "alice", "is_admin": false, "created_at": .string(time),
    ]
    static let invite: JSONValue = [
        "invite_id": .string(inviteID), "label": "for bob", "created_at": .string(time),
        "expires_at": "2026-04-25T10:30:00Z", "used_at": nil,
    ]
}
