import Control
import Core

/// What the sign-in page shows.
struct SignInPage: Sendable {
    let error: String?
    let api: String
    let title = "Sign in"
    let user: String? = nil
}

/// The form of an invite.
struct InvitePage: Sendable {
    let code: String
    let name: String
    let error: String?
    let title = "Invite"
    let user: String? = nil
}

/// What a new user is shown, once.
struct WelcomePage: Sendable {
    let name: String
    let token: String
    let api: String
    let title = "Welcome"
    let user: String? = nil
}

struct MessagePage: Sendable {
    let title: String
    let text: String
    let user: String? = nil

    init(_ title: String, _ text: String) {
        self.title = title
        self.text = text
    }
}

struct AppsPage: Sendable {
    let user: String
    let apps: [AppSummary]
    let api: String
    let title = "Apps"
    var isEmpty: Bool? = nil

    init(user: String, apps: [AppSummary], api: String) {
        self.user = user
        self.apps = apps
        self.api = api
        isEmpty = apps.isEmpty ? true : nil
    }
}

struct AppPage: Sendable {
    let user: String
    let app: AppSummary
    let channels: [ChannelDetail]
    let title: String

    init(user: String, app: AppSummary, channels: [ChannelDetail]) {
        self.user = user
        self.app = app
        self.channels = channels
        title = app.name
    }
}

struct DeployPage: Sendable {
    let user: String
    let app: AppSummary
    let log: String
    let title = "Deploy log"
}

struct AppSummary: Sendable {
    let id: String
    let name: String
    let template: String
    let repository: String
    let url: String
    let status: String
    let commit: String

    init(_ overview: AppOverview, address: PublicAddress) {
        let app = overview.app
        let prod = overview.channels.first(where: \.isProd)
        id = app.id.description
        name = app.name.rawValue
        template = app.template
        repository = address.repositoryURL(user: app.ownerName, app: app.name)
        url = prod.map { address.url(host: address.hostname($0.label)) } ?? ""
        status = prod?.status ?? "provisioning"
        commit = prod?.currentCommit?.short ?? "nothing deployed"
    }
}

struct ChannelDetail: Sendable {
    let id: String
    let app: String
    let name: String
    let url: String
    let binding: String
    let status: String
    let commit: String
    let deploys: [DeploySummary]
    let hasDeploys: Bool?

    init(_ channel: Channel, deploys: [Deploy], address: PublicAddress) {
        id = channel.id.description
        app = channel.appID.description
        name = channel.name.rawValue
        url = address.url(host: address.hostname(channel.label))
        binding = channel.binding.description
        status = channel.status
        commit = channel.currentCommit?.short ?? "nothing deployed"
        self.deploys = deploys.map { DeploySummary($0) }
        hasDeploys = deploys.isEmpty ? nil : true
    }
}

struct DeploySummary: Sendable {
    let id: String
    let app: String
    let channel: String
    let commit: String
    let status: String
    let failure: String?
    let created: String

    init(_ deploy: Deploy) {
        id = deploy.id.description
        app = deploy.appID.description
        channel = deploy.channelID.description
        commit = deploy.commit?.short ?? deploy.requested
        status = deploy.status.rawValue
        failure = deploy.failure
        created = Timestamp.string(from: deploy.createdAt)
    }
}
