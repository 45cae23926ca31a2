/// The examples of seed 000, with Berth's own address, and those of the extensions in the same manner.
enum Examples {
    static let appID = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
    static let channelID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    static let stagingID = "a3bb189e-8bf9-4888-9912-ace4e6543002"
    static let deployID = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
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

    static let deploy: JSONValue = [
        "deploy_id": .string(deployID), "channel_id": .string(channelID), "requested": "HEAD", "branch": "master",
        "sha": .string(sha), "status": "success", "failure": nil, "created_at": .string(time),
        "started_at": "2026-04-22T10:31:00Z", "finished_at": "2026-04-22T10:31:03Z",
    ]

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
