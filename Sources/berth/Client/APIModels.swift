/// The xhost API's wire types, as far as this client reads them (seed 000).
struct AppResponse: Decodable, Sendable {
    let id: String
    let name: String
    let repoURL: String
    let template: String
    let channels: [ChannelResponse]

    enum CodingKeys: String, CodingKey {
        case id, name, template, channels
        case repoURL = "repo_url"
    }
}

struct AppListResponse: Decodable, Sendable {
    let apps: [AppResponse]
}

struct ChannelResponse: Decodable, Sendable {
    let id: String
    let name: String
    /// Without port.
    let hostname: String
    /// `branch:<name>` or `branch:*`
    let gitRefBinding: String
    /// 40 hex digits; `nil` before the first successful deploy.
    let currentSHA: String?
    /// `provisioning` or `running`
    let status: String

    enum CodingKeys: String, CodingKey {
        case id, name, hostname, status
        case gitRefBinding = "git_ref_binding"
        case currentSHA = "current_sha"
    }
}

struct DeployResponse: Decodable, Sendable {
    let deployID: String

    enum CodingKeys: String, CodingKey { case deployID = "deploy_id" }
}

struct StatsResponse: Decodable, Sendable {
    struct Site: Decodable, Sendable {
        let hostname: String
        let latestDeployID: String?

        enum CodingKeys: String, CodingKey {
            case hostname
            case latestDeployID = "latest_deploy_id"
        }
    }

    let sites: [Site]
}

struct CreateAppRequest: Encodable {
    let name: String
    let template: String
}

struct CreateChannelRequest: Encodable {
    let name: String
    let gitRefBinding: String

    enum CodingKeys: String, CodingKey {
        case name
        case gitRefBinding = "git_ref_binding"
    }
}

struct DeployRequest: Encodable {
    let sha: String
}

struct SetVariableRequest: Encodable {
    let key: String
    let value: String
}

/// `{"error":{"code","message"}}`, the body of every error.
struct ErrorEnvelope: Decodable {
    struct Detail: Decodable {
        let code: String
        let message: String
    }

    let error: Detail
}
