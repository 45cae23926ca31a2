import Core
import Foundation

/// Deploys in memory. The order of `State.deploys` is the order of creation.
public struct InMemoryDeployStore: DeployStore {
    let tables: InMemoryTables

    public func enqueue(_ deploys: [Deploy], at date: Date) async throws(PlatformError) -> [Deploy] {
        try tables.write { (state) throws(PlatformError) in
            guard deploys.allSatisfy({ state.isLive($0.channelID) }) else {
                throw PlatformError(.conflict, "the channel is being deleted")
            }
            return state.queue(deploys, date)
        }
    }

    public func hold(_ deploys: [Deploy]) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            guard deploys.allSatisfy({ state.isLive($0.channelID) }) else {
                throw PlatformError(.conflict, "the channel is being deleted")
            }
            state.held += deploys
        }
    }

    public func held() async throws(PlatformError) -> [Deploy] { try tables.read { $0.held } }

    public func release(_ ids: [ID<Deploy>], at date: Date) async throws(PlatformError) -> [Deploy] {
        try await tables.pass(.release)
        return try tables.write { state in
            let deploys = ids.compactMap { id in state.held.first { $0.id == id } }
            state.held.removeAll { ids.contains($0.id) }
            return state.queue(deploys.filter { state.isLive($0.channelID) }, date)
        }
    }

    public func discard(_ ids: [ID<Deploy>]) async throws(PlatformError) {
        try tables.write { state in state.held.removeAll { ids.contains($0.id) } }
    }

    public func forget(_ ids: [ID<Deploy>]) async throws(PlatformError) {
        try tables.write { state in state.deploys.removeAll { ids.contains($0.id) && $0.status.isTerminal } }
    }

    public func deploy(_ id: ID<Deploy>) async throws(PlatformError) -> Deploy? {
        try tables.read { $0.deploys.first { $0.id == id } }
    }

    public func deploy(_ id: ID<Deploy>, channel: ID<Channel>) async throws(PlatformError) -> Deploy? {
        try tables.read { $0.deploys.first { $0.id == id && $0.channelID == channel } }
    }

    public func deploys(channel: ID<Channel>, limit: Int) async throws(PlatformError) -> [Deploy] {
        try tables.read { Array($0.deploys.filter { $0.channelID == channel }.reversed().prefix(max(0, limit))) }
    }

    public func page(
        app: ID<App>, channel: ID<Channel>?, before cursor: DeployPage.Cursor?, limit: Int
    ) async throws(PlatformError) -> DeployPage {
        try tables.read { state in
            let places = state.deploys.indices.reversed().filter { place in
                let deploy = state.deploys[place]
                return deploy.appID == app && state.isLive(deploy.channelID)
                    && deploy.channelID == channel ?? deploy.channelID && DeployPage.Cursor(place) < cursor ?? .max
            }
            let shown = places.prefix(max(1, limit))
            return DeployPage(
                deploys: shown.map { state.deploys[$0] },
                next: places.count > shown.count ? shown.last.map { DeployPage.Cursor($0) } : nil)
        }
    }

    public func nextQueued(channel: ID<Channel>) async throws(PlatformError) -> Deploy? {
        try tables.read { $0.deploys.first { $0.channelID == channel && $0.status == .queued } }
    }

    public func unfinished() async throws(PlatformError) -> [Deploy] {
        try tables.read { $0.deploys.filter { !$0.status.isTerminal } }
    }

    public func start(_ id: ID<Deploy>, commit: CommitID?, at date: Date) async throws(PlatformError) -> Deploy? {
        try tables.write { state in
            guard let index = state.index(of: id, becoming: .running) else { return nil }
            state.deploys[index].status = .running
            state.deploys[index].commit = commit ?? state.deploys[index].commit
            state.deploys[index].attempts += 1
            state.deploys[index].startedAt = date
            return state.deploys[index]
        }
    }

    public func resolved(_ id: ID<Deploy>, commit: CommitID) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            guard let index = state.index(of: id, becoming: .success) else {
                throw PlatformError(.conflict, "the deploy is not running")
            }
            state.deploys[index].commit = commit
        }
    }

    public func requeue(_ id: ID<Deploy>) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            guard let index = state.index(of: id, becoming: .queued) else {
                throw PlatformError(.conflict, "the deploy is not running")
            }
            state.deploys[index].status = .queued
            state.deploys[index].startedAt = nil
        }
    }

    public func succeed(
        _ id: ID<Deploy>, release: ID<Release>, instance: ID<Instance>?, report: DeployReport?, at date: Date
    ) async throws(PlatformError) {
        try await tables.pass(.succeed)
        try tables.write { (state) throws(PlatformError) in
            guard let index = state.index(of: id, becoming: .success) else {
                throw PlatformError(.conflict, "the deploy is not running")
            }
            let deploy = state.deploys[index]
            try state.serve(release, commit: deploy.commit, instance: instance, channel: deploy.channelID)
            state.end(id, .success, nil, date)
            state.deploys[index].release = release
            if let report { state.reports[id] = report }
            state.settle(deploy)
        }
    }

    public func switched(
        _ id: ID<Deploy>, release: ID<Release>, instance: ID<Instance>?, report: DeployReport?
    ) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            guard let index = state.index(of: id, becoming: .success) else {
                throw PlatformError(.conflict, "the deploy is not running")
            }
            let deploy = state.deploys[index]
            try state.serve(release, commit: deploy.commit, instance: instance, channel: deploy.channelID)
            state.deploys[index].release = release
            if let report { state.reports[id] = report }
        }
    }

    public func goBack(
        _ id: ID<Deploy>, to former: ID<Release>, instance: ID<Instance>?, reason: String, at date: Date
    ) async throws(PlatformError) {
        try await tables.pass(.goBack)
        try tables.write { (state) throws(PlatformError) in
            guard let index = state.index(of: id, becoming: .success) else {
                throw PlatformError(.conflict, "the deploy is not running")
            }
            guard let row = state.releases.first(where: { $0.release.id == former }) else {
                throw PlatformError(.conflict, "the former release is gone")
            }
            let deploy = state.deploys[index]
            try state.serve(former, commit: row.release.commit, instance: instance, channel: deploy.channelID)
            state.end(id, .failed, reason, date)
            state.settle(deploy)
        }
    }

    public func failQueued(_ id: ID<Deploy>, reason: String, at date: Date) async throws(PlatformError) -> Bool {
        try tables.write { state in
            guard let index = state.deploys.firstIndex(where: { $0.id == id && $0.status == .queued }) else {
                return false
            }
            state.end(id, .failed, reason, date)
            state.settle(state.deploys[index])
            return true
        }
    }

    public func note(_ report: DeployReport, of id: ID<Deploy>) async throws(PlatformError) {
        try await tables.pass(.note)
        try tables.write { state in
            if state.deploys.contains(where: { $0.id == id }) { state.reports[id] = report }
        }
    }

    public func report(of id: ID<Deploy>) async throws(PlatformError) -> DeployReport? {
        try tables.read { $0.reports[id] }
    }

    @discardableResult
    public func fail(_ id: ID<Deploy>, reason: String, at date: Date) async throws(PlatformError) -> Deploy? {
        try await tables.pass(.fail)
        return try tables.write { state in
            if let index = state.index(of: id, becoming: .failed) {
                state.end(id, .failed, reason, date)
                state.settle(state.deploys[index])
            }
            return state.deploys.first { $0.id == id }
        }
    }

    public func failedTips(app: ID<App>) async throws(PlatformError) -> [FailedTip] {
        try tables.read { state in
            state.tips[app, default: [:]].sorted { $0.key < $1.key }.compactMap { ref, tip in
                tip.failed.map { FailedTip(ref: ref, commit: $0, lastGood: tip.lastGood) }
            }
        }
    }

    public func hasNone(app: ID<App>) async throws(PlatformError) -> Bool {
        try tables.read { state in !state.deploys.contains { $0.appID == app } }
    }
}

extension InMemoryTables.State {
    fileprivate func index(of id: ID<Deploy>, becoming next: DeployStatus) -> Int? {
        deploys.firstIndex { $0.id == id && $0.status.canBecome(next) }
    }

    /// Adds the deploys and ends what waited on their channels before.
    fileprivate mutating func queue(_ new: [Deploy], _ date: Date) -> [Deploy] {
        let channels = Set(new.map(\.channelID))
        let older = deploys.filter { channels.contains($0.channelID) && $0.status == .queued }
        deploys += new
        for deploy in older { end(deploy.id, .failed, Deploy.superseded, date) }
        for deploy in older { settle(deploy) }
        let ids = Set(older.map(\.id))
        return deploys.filter { ids.contains($0.id) }
    }

    /// From now on the channel serves this, and its other instances are on their way out.
    fileprivate mutating func serve(
        _ release: ID<Release>, commit: CommitID?, instance: ID<Instance>?, channel id: ID<Channel>
    ) throws(PlatformError) {
        guard isLive(id), let channel = channels.firstIndex(where: { $0.id == id }) else {
            throw PlatformError(.conflict, "the channel is being deleted")
        }
        guard releases.contains(where: { $0.release.id == release }) else {
            throw PlatformError(.conflict, "something that this belongs to does not exist any more")
        }
        channels[channel].currentRelease = release
        channels[channel].currentCommit = commit
        instances.removeAll { $0.channelID == id && $0.state == .asleep }
        for index in instances.indices
        where instances[index].channelID == id && instances[index].state != .stopped {
            instances[index].state = instances[index].id == instance ? .live : .draining
        }
    }

    fileprivate mutating func end(_ id: ID<Deploy>, _ status: DeployStatus, _ failure: String?, _ date: Date) {
        guard let index = deploys.firstIndex(where: { $0.id == id }) else { return }
        deploys[index].status = status
        deploys[index].failure = failure
        deploys[index].finishedAt = date
    }

    /// What pushers are shown of the deploy's ref: see `DeployStore.succeed` and `fail`.
    fileprivate mutating func settle(_ deploy: Deploy) {
        guard let ref = deploy.ref, let commit = deploy.commit else { return }
        let ofRef = deploys.filter { $0.appID == deploy.appID && $0.ref == ref }
        guard ofRef.last(where: { $0.commit != nil })?.commit == commit else { return }
        var newest: [ID<Channel>: DeployStatus] = [:]
        for other in ofRef where other.commit == commit && isLive(other.channelID) {
            newest[other.channelID] = other.status
        }
        var tip = tips[deploy.appID, default: [:]][ref] ?? InMemoryTables.BranchTip()
        if newest.values.contains(.failed) {
            tip.failed = commit
        } else if !newest.isEmpty, newest.values.allSatisfy({ $0 == .success }) {
            tip = InMemoryTables.BranchTip(lastGood: commit, failed: nil)
        }
        tips[deploy.appID, default: [:]][ref] = tip
    }
}
