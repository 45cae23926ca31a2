import Core
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// A push to `prod` that its server did not live to end.
struct CutPush: Sendable {
    /// Where the server was.
    let point: Checkpoint
    /// The site was being asked, so that the new version was looked at after the switch.
    var isBusy = false
    /// The name of the commit, and what its version answers.
    let commit: String
    let text: String
    /// What was answered before.
    let old: String
    /// Why the version cannot be brought live, in part; `nil` when it can.
    var fault: String?

    var description: String { "\(point.rawValue)\(isBusy ? " under load" : "")" }

    private static let withoutEnd = "the server stopped before this log had its end"

    /// What the log may say of the server's end.
    fileprivate var lines: [String?] {
        // The former instance is drained while the log is ended.
        [.drained, .stopped].contains(point) ? [nil, Self.withoutEnd] : [line]
    }

    /// `nil` where nothing had begun, or all had ended.
    private var line: String? {
        let afterSwitch = "the server stopped after the switch of this deploy; its version is live"
        return switch point {
        case .pushPrepared, .pushMoved, .deployQueued, .logEnded, .drained, .stopped: nil
        case .watched: afterSwitch
        case .switched, .published: isBusy ? afterSwitch : Self.withoutEnd
        case .succeeded, .failed, .goneBack: Self.withoutEnd
        default: "the server stopped during this deploy; starting it again"
        }
    }

    /// Whether the version had been switched to: it must not be started once more.
    fileprivate var isSwitched: Bool {
        let points: [Checkpoint] = [
            .switched, .published, .watched, .goneBack, .succeeded, .logEnded, .drained, .stopped,
        ]
        return points.contains(point)
    }
}

extension Project {
    /// Looks at what the next start has made of a push: the deploy has ended and its log says what happened, the old or the new
    /// version is served and the API tells which, nothing was switched twice, and nothing is left over.
    /// - Parameter before: what others had in the data folder before.
    /// - Returns: what is served then.
    func expectSettled(after cut: CutPush, since before: KeptThings) async throws -> String {
        let what = cut.description
        let isStored = try await remoteRefs()["refs/heads/master"] == cut.commit
        #expect(isStored == (cut.point != .pushPrepared), "\(what)")
        if isStored { try await expectEnd(of: cut) }
        let served = isStored && cut.fault == nil ? cut.text : cut.old
        try await eventually("\(served) is served after \(what)") { try await get().text == served }
        #expect(try await (prod.current_sha == cut.commit) == (served == cut.text), "\(what)")
        #expect(try await keptCommits().contains(cut.commit) == (served == cut.text), "\(what)")
        try await eventually("one instance is known after \(what)", within: .seconds(30)) {
            try await states() == ["live"]
        }
        try await expectNothingLeft(since: before, what)
        try await HostResidue.expectOnlyLive(platform)
        return served
    }

    /// It is tried again by itself, so that nobody needs to push once more.
    private func expectEnd(of cut: CutPush) async throws {
        let what = cut.description
        var last: [String: Any] = [:]
        var log = ""
        try await eventually("the deploy has ended after \(what)", within: .seconds(30)) {
            last = try await lastDeploy()
            guard ["success", "failed"].contains(last["status"] as? String) else { return false }
            log = try await lastLog()
            return log.contains(/\] deploy (complete|failed: .*)\n$/)
        }
        #expect(last["status"] as? String == (cut.fault == nil ? "success" : "failed"), "\(what): \(last)")
        #expect(last["sha"] as? String == cut.commit, "\(what)")
        if let fault = cut.fault {
            #expect(log.split(separator: "\n").last?.contains(fault) == true, "\(what): \(log)")
        }
        let said = log.split(separator: "\n").filter { $0.contains("the server stopped") }
        #expect(
            cut.lines.contains { line in
                line.map { said.count == 1 && said.first?.contains($0) == true } ?? said.isEmpty
            }, "\(what): \(log)")
        if cut.isSwitched {
            #expect(
                log.components(separatedBy: "health check passed").count == 2, "switched twice after \(what): \(log)")
        }
    }
}
