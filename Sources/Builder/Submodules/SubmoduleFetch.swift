import Blocking
import Core
import Glibc

/// Lays out the files of submodules: those of the same user's apps from their repositories on this server, others over
/// HTTPS by git in a container, where the build's limits and its network policy hold.
struct SubmoduleFetch {
    /// Apps within apps within apps.
    private static let depth = 8
    private static let limit = 100
    /// Seconds for one submodule from elsewhere.
    private static let timeLimit = 300

    let repository: any SourceRepository
    let pool: BlockingPool
    let steps: StepRunner
    let server: PublicAddress?
    /// Files, and bytes, that a release may have.
    let limits: (entries: Int, bytes: Int)
    let request: BuildRequest
    let log: any DeployLogSink
    private var count = 0
    /// What the apps' files came to.
    private var laidOut = (files: 0, bytes: 0)
    /// From elsewhere. Fetched last: what runs in a container may change the files, and nothing of ours must be laid out
    /// in folders that it made.
    private var distant: [(path: String, commit: CommitID, url: String)] = []

    init(
        repository: any SourceRepository, pool: BlockingPool, steps: StepRunner, server: PublicAddress?,
        limits: (entries: Int, bytes: Int), request: BuildRequest, log: any DeployLogSink
    ) {
        self.repository = repository
        self.pool = pool
        self.steps = steps
        self.server = server
        self.limits = limits
        self.request = request
        self.log = log
    }

    /// Fetches all, with those within them. Throws `.buildFailed` that names the first that cannot be had.
    mutating func run(_ modules: [Submodule]) async throws(PlatformError) {
        try await layOut(modules, of: (request.app.ownerName.rawValue, request.app.name.rawValue), below: "", depth: 1)
        for module in distant { try await steps.run(Self.step(module)) }
    }

    private mutating func layOut(
        _ modules: [Submodule], of parent: (user: String, app: String), below folder: String, depth: Int
    ) async throws(PlatformError) {
        for module in modules {
            let path = folder + module.path
            count += 1
            guard count <= Self.limit else {
                throw PlatformError(
                    .buildFailed, "the commit has more than \(Self.limit) submodules; that is the limit")
            }
            switch SubmoduleAddress(module.url, in: parent, server: server) {
            case .refused:
                throw Self.refusal(
                    path, module.url,
                    "only https:// addresses and other apps of yours (../<app>.git) can be fetched")
            case .web(let url): distant.append((path, module.commit, url))
            case .app(let user, let name):
                guard depth < Self.depth else {
                    throw Self.refusal(path, module.url, "submodules are nested more than \(Self.depth) deep")
                }
                guard user == request.app.ownerName.rawValue, let name = try? AppName(name),
                    let app = try await request.sibling(name)
                else { throw Self.refusal(path, module.url, "you have no app of that name here") }
                guard try await repository.resolve(.commit(module.commit), app: app) != nil else {
                    throw Self.refusal(
                        path, module.url,
                        "its commit \(module.commit.rawValue.prefix(12)) is not in the app \(name): push it there first"
                    )
                }
                try await checkOut(module, from: app, named: name, to: path)
                try await layOut(
                    repository.submodules(of: module.commit, app: app), of: (user, name.rawValue), below: path + "/",
                    depth: depth + 1)
            }
        }
    }

    private mutating func checkOut(
        _ module: Submodule, from app: ID<App>, named name: AppName, to path: String
    ) async throws(PlatformError) {
        try StepRunner.checkCancellation()
        let clock = ContinuousClock()
        let start = clock.now
        let directory = "\(steps.directory)/\(path)"
        // The checkout left an empty folder in its place.
        let isEmptied = await pool.run { () throws(Never) -> Bool in rmdir(directory) == 0 }
        guard isEmptied else { throw PlatformError(.internal, "the folder of a submodule could not be replaced") }
        let report = try await repository.checkOut(
            CheckoutRequest(
                app: app, commit: module.commit, directory: directory, previous: nil,
                account: request.channel.account, allowance: steps.configuration.allowance))
        laidOut = (laidOut.files + report.files, laidOut.bytes + report.bytes)
        guard laidOut.files <= limits.entries, laidOut.bytes <= limits.bytes else {
            throw PlatformError(
                .buildFailed,
                "the submodules have more than \(limits.entries) files or \(ByteCount.text(limits.bytes)) together; "
                    + "that is the limit of a release")
        }
        log.write(
            "submodule \(path): \(report.files) \(report.files == 1 ? "file" : "files") of your app \(name)"
                + " (\(StepRunner.seconds(clock.now - start)))")
    }

    /// Not every server gives out a commit by its name; then the branches are fetched with all of their history.
    private static func step(_ module: (path: String, commit: CommitID, url: String)) -> BuildStep {
        let script = """
            set -e
            git init --quiet .
            git fetch --quiet --depth 1 --no-tags -- "$1" "$2" 2>/tmp/refused || {
                git fetch --quiet --no-tags -- "$1" '+refs/heads/*:refs/remotes/fetched/*' '+refs/tags/*:refs/tags/*'
            }
            git -c advice.detachedHead=false checkout --quiet "$2" || {
                echo "$(cat /tmp/refused)"; echo "the commit $2 is not in $3"; exit 1; }
            if [ -e .gitmodules ]; then
                git remote add origin "$1"
                git submodule --quiet update --init --recursive
            fi
            find . -name .git -prune -exec rm -rf {} +
            """
        return BuildStep(
            name: "submodule \(module.path)",
            arguments: ["/bin/bash", "-c", script, "bash", module.url, module.commit.rawValue, shown(module.url)],
            environment: [
                "GIT_ALLOW_PROTOCOL": "https", "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
            ],
            requires: ["git"], timeLimit: timeLimit, directory: module.path)
    }

    private static func refusal(_ path: String, _ url: String, _ reason: String) -> PlatformError {
        PlatformError(.buildFailed, "the submodule \(path) (\(shown(url))) cannot be fetched: \(reason)")
    }

    /// Without a password.
    private static func shown(_ url: String) -> String {
        guard let at = url.lastIndex(of: "@"), let scheme = url.firstRange(of: "://"), scheme.upperBound <= at,
            !url[scheme.upperBound..<at].contains("/")
        else { return url }
        return String(url[..<scheme.upperBound] + url[url.index(after: at)...])
    }
}
