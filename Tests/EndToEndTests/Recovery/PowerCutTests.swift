import Core
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// The data folder as it was at a moment, on another machine: nothing runs there, and nothing is in `/run`.
///
/// A server stands still at each checkpoint while its folder is copied. The copies are started one after the other when it is
/// gone.
extension EndToEnd {
    @Suite struct PowerCuts {
        private static let options = ["--postgres", "off"]

        @Test(.timeLimit(.minutes(5)))
        func `a power cut at any checkpoint of a deploy leaves what another machine goes on with`() async throws {
            let copies = try DataCopies()
            let berthd = try Berthd(options: Self.options)
            let project = try await berthd.serve { platform in
                let project = try await Project("cut", template: "node", on: platform)
                try await project.commitNode("v0")
                try await project.deploy()
                var push = CutPush(
                    point: .pushPrepared, commit: try await project.commitNode("v1"), text: "v1", old: "v0")
                try await project.push(push, haltingAt: Checkpoints.deploy, copies)
                push = CutPush(
                    point: .switched, isBusy: true, commit: try await project.commitNode("v2"), text: "v2", old: "v1")
                try await project.push(push, haltingAt: Checkpoints.busy, copies)
                push = CutPush(
                    point: .goneBack, isBusy: true, commit: try await project.commitSpoiled("bad"), text: "bad",
                    old: "v2", fault: "requests failed after the switch")
                try await project.push(push, haltingAt: FailureCheckpoints.wayBack, copies)
                try project.write("install.sh", "echo building\nsleep 2\n")
                let cancelled = CutPush(
                    point: .cancelled, commit: try await project.commitNode("v3"), text: "v3", old: "v2")
                var cancelling: Task<Void, any Error>?
                try await berthd.halt(at: [.cancelled]) {
                    cancelling = Task { try await project.pushAndCancel() }
                } _: { _ in
                    try await copies.add(berthd, cancelled)
                }
                try await cancelling?.value
                return project
            }
            try await copies.forEach { path, cut in
                try await Berthd(options: Self.options, continuing: berthd).serve(from: path) { platform in
                    _ = try await project.moved(to: platform).expectSettled(after: cut, since: KeptThings())
                    try await platform.berthd.expectSound(project)
                }
            }
        }

        @Test(.timeLimit(.minutes(5)))
        func `a power cut at any checkpoint of a deploy with a volume is survived, as the volume is`() async throws {
            let copies = try DataCopies()
            let berthd = try Berthd(options: Self.options)
            let project = try await berthd.serve { platform in
                let project = try await Project("volume-cut", template: "node", on: platform)
                try await project.commitVolumeApp("v0")
                try await project.deploy()
                var push = CutPush(
                    point: .pushPrepared, commit: try await project.commitVolumeApp("v1"), text: "v1", old: "v0")
                try await project.push(push, haltingAt: Checkpoints.stopFirst, copies)
                push = CutPush(
                    point: .bringingBack, commit: try await project.commitVolumeApp("bad", exits: true), text: "bad",
                    old: "v1", fault: "exited with status 3")
                try await project.push(push, haltingAt: FailureCheckpoints.bringingBack, copies)
                return project
            }
            try await copies.forEach { path, cut in
                try await Berthd(options: Self.options, continuing: berthd).serve(from: path) { platform in
                    let project = try await project.moved(to: platform)
                    let served = try await project.expectSettled(after: cut, since: KeptThings())
                    try await project.expectVolume(served, cut.description)
                }
            }
        }

        @Test(.timeLimit(.minutes(4)))
        func `a power cut while an app is deleted, and while another one falls asleep, is survived`() async throws {
            let deletion: [Checkpoint] = [.deletionMarked, .deletionCleared]
            let sleep: [Checkpoint] = [.sleepKept, .sleepShown, .asleep]
            let directory = try TemporaryDirectory("berth-cuts")
            let berthd = try Berthd(options: Self.options)
            let (drowsy, doomed) = try await berthd.serve { platform in
                let drowsy = try await Project("drowsy", template: "node", on: platform)
                try drowsy.write("berth.yaml", "sleep-after: 10s\n")
                try await drowsy.commitNode("here")
                try await drowsy.deploy()
                let doomed = try await Project("doomed", template: "static", on: platform)
                try doomed.write("index.html", "here")
                try await doomed.commit("first")
                try await doomed.deploy()
                var answer: Task<Int, any Error>?
                try await berthd.halt(at: deletion) {
                    answer = Task { try await platform.call("DELETE", "/apps/\(doomed.app.id)").status }
                } _: { point in
                    try await berthd.copyData(to: directory.path(point.rawValue))
                }
                #expect(try await answer?.value == 204)
                try await berthd.halt(at: sleep) {
                    // From now on its time counts.
                    let now = try await drowsy.get()
                    #expect(now.text == "here")
                } _: { point in
                    try await berthd.copyData(to: directory.path(point.rawValue))
                }
                return (drowsy, doomed)
            }
            for point in deletion + sleep {
                let cut = point.rawValue
                let next = try Berthd(options: Self.options, continuing: berthd)
                try await next.serve(from: directory.path(cut)) { platform in
                    let drowsy = try await drowsy.moved(to: platform)
                    if sleep.contains(point) { #expect(try await drowsy.states() == ["asleep"], "\(cut)") }
                    try await eventually("a request is answered after \(cut)", within: .seconds(30)) {
                        try await drowsy.get().text == "here"
                    }
                    try await eventually("one instance is known after \(cut)", within: .seconds(30)) {
                        try await drowsy.states() == ["live"]
                    }
                    #expect(try await platform.berthd.get(host: doomed.hostname()).status == 404)
                    #expect(try await platform.apps().map(\.name) == ["drowsy"])
                    try await drowsy.expectNothingLeft(since: KeptThings(), cut)
                    try await HostResidue.expectOnlyLive(platform)
                    #expect(try await platform.createApp("doomed", template: "static").channels[0].current_sha == nil)
                }
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func `a power cut of a server with its own Postgres loses nothing that was committed`() async throws {
            let copies = try DataCopies()
            let berthd = try Berthd()
            let project = try await berthd.serve { platform in
                let project = try await Project("rows", template: "node", on: platform)
                try await project.commitNode("v0")
                try await project.deploy()
                let statements = "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)"
                #expect(try await project.post("/sql", statements).status == 200)
                let push = CutPush(
                    point: .databaseReady, commit: try await project.commitNode("v1"), text: "v1", old: "v0")
                try await project.push(push, haltingAt: [.databaseReady], copies)
                return project
            }
            try await copies.forEach { path, cut in
                try await Berthd(continuing: berthd).serve(from: path) { platform in
                    let project = try await project.moved(to: platform)
                    _ = try await project.expectSettled(after: cut, since: KeptThings())
                    #expect(try await project.post("/sql", "SELECT n FROM kept").text == "7\n")
                }
            }
        }
    }
}

/// Copies of a server's data folder, each with the push that was under way.
private final class DataCopies {
    private let directory: TemporaryDirectory
    private var cuts: [CutPush] = []

    init() throws { directory = try TemporaryDirectory("berth-cuts") }

    func add(_ berthd: Berthd, _ cut: CutPush) async throws {
        try await berthd.copyData(to: directory.path("\(cuts.count)"))
        cuts.append(cut)
    }

    func forEach(_ body: (_ path: String, CutPush) async throws -> Void) async throws {
        for (number, cut) in cuts.enumerated() { try await body(directory.path("\(number)"), cut) }
    }
}

extension Project {
    /// Pushes what was committed, and copies the data folder at each of the checkpoints.
    /// - Parameter cut: the push; at each point with that.
    fileprivate func push(_ cut: CutPush, haltingAt points: [Checkpoint], _ copies: DataCopies) async throws {
        let load = cut.isBusy ? LoadGenerator(port: berthd.port, host: "\(hostname()):\(berthd.port)") : nil
        var push: TimedCommand?
        try await berthd.halt(at: points) {
            push = try startPush()
        } _: { point in
            try await copies.add(berthd, cut.at(point))
        }
        let result = try await push?.result()
        _ = try await load?.stop()
        #expect((result?.status == 0) == (cut.fault == nil), "\(result?.errorText ?? "")")
    }
}

extension CutPush {
    fileprivate func at(_ point: Checkpoint) -> CutPush {
        CutPush(point: point, isBusy: isBusy, commit: commit, text: text, old: old, fault: fault)
    }
}

extension Berthd {
    /// Runs the server until `body` is done, and takes it away.
    /// - Parameter folder: a data folder that it goes on with.
    fileprivate func serve<Value>(
        from folder: String? = nil, _ body: (Platform) async throws -> Value
    ) async throws -> Value {
        do {
            if let folder { try FileManager.default.moveItem(atPath: folder, toPath: data) }
            try await start()
            let value = try await body(Platform(berthd: self, user: "admin", token: token()))
            try await tearDown()
            return value
        } catch {
            goOn()
            try? await tearDown()
            throw error
        }
    }

    /// The repository can be read as a whole.
    fileprivate func expectSound(_ project: Project) async throws {
        let check = try await run(["git", "-C", repository(of: project.app.id), "fsck", "--strict"])
        #expect(check.status == 0, "\(check.errorText)")
    }
}
