import Control
import Core

/// A deploy on the wire.
enum DeployModel {
    static func json(_ deploy: Deploy) -> JSONValue { .object(members(deploy)) }

    static func json(_ detail: DeployDetail) -> JSONValue {
        .object(
            members(detail.deploy) + [
                ("reused", .boolean(detail.report.isReuse)), ("steps", .array(detail.report.steps.map(step))),
                ("switch", detail.report.switched.map(figures) ?? .null),
            ])
    }

    static func json(_ overview: ReleaseOverview) -> JSONValue {
        [
            "release_id": .string(overview.release.id.description),
            "deploy_id": .string(overview.release.deployID.description),
            "sha": .string(overview.release.commit.rawValue),
            "created_at": .string(Timestamp.string(from: overview.release.createdAt)),
            "is_current": .boolean(overview.isCurrent),
        ]
    }

    static func queued(_ deploy: Deploy) -> JSONValue {
        [
            "deploy_id": .string(deploy.id.description), "channel_id": .string(deploy.channelID.description),
            "status": .string(deploy.status.rawValue),
        ]
    }

    /// What those get who follow the log.
    static func event(_ event: DeployEvent) -> ServerSentEvent {
        switch event {
        case .line(let number, let line): ServerSentEvent(id: String(number), data: line)
        case .ended(let failure):
            ServerSentEvent(
                name: "end",
                data: (["status": failure == nil ? "success" : "failed", "failure": .optional(failure)] as JSONValue)
                    .text)
        }
    }

    private static func members(_ deploy: Deploy) -> [(String, JSONValue)] {
        [
            ("deploy_id", .string(deploy.id.description)), ("channel_id", .string(deploy.channelID.description)),
            ("requested", .string(deploy.requested)),
            ("branch", .optional(deploy.ref.flatMap { BranchName(ref: $0)?.rawValue })),
            ("sha", .optional(deploy.commit?.rawValue)), ("release_id", .optional(deploy.release?.description)),
            ("status", .string(deploy.status.rawValue)), ("failure", .optional(deploy.failure)),
            ("created_at", .string(Timestamp.string(from: deploy.createdAt))),
            ("started_at", .optional(deploy.startedAt.map(Timestamp.string))),
            ("finished_at", .optional(deploy.finishedAt.map(Timestamp.string))),
        ]
    }

    private static func step(_ step: DeployStep) -> JSONValue {
        [
            "name": .string(step.name.rawValue), "started_at": .string(Timestamp.string(from: step.startedAt)),
            "duration_ms": step.milliseconds.map { .integer($0) } ?? .null,
        ]
    }

    private static func figures(_ figures: SwitchFigures) -> JSONValue {
        [
            "requests": .integer(figures.requests), "failed": .integer(figures.failed),
            "requests_before": .integer(figures.requestsBefore), "failed_before": .integer(figures.failedBefore),
            "p99_before_ms": figures.p99Before.map { .decimal($0) } ?? .null,
            "p99_after_ms": figures.p99After.map { .decimal($0) } ?? .null,
        ]
    }
}
