import Control
import Core
import Foundation
import HTTPTypes

/// `/apps/{app_id}/channels/{channel_id}/instances` and what each of them writes. Extensions of the contract.
struct InstancesSurface: Surface {
    let instances: InstanceService

    /// Lines of an instance's log that one may ask for.
    static let lineCounts = 0...5000
    static let usualLines = 200

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/apps/{app_id}/channels/{channel_id}/instances", .listInstances) { call in
                let list = try await instances.list(
                    channel: call.id("channel_id"), app: call.id("app_id"), by: call.principal)
                let stopped = try await instances.stopped(
                    channel: call.id("channel_id"), app: call.id("app_id"), by: call.principal)
                return .json([
                    "instances": .array(list.map(Self.json)), "stopped": .array(stopped.map(Self.json)),
                ])
            },
            Endpoint(
                .get, "/apps/{app_id}/channels/{channel_id}/instances/{instance_id}/log", .getInstanceLog
            ) { call in
                let lines = try await lines(call)
                let output = try await instances.output(
                    of: call.id("instance_id"), lines: lines, channel: call.id("channel_id"), app: call.id("app_id"),
                    by: call.principal)
                return .text(Data(output.map { $0 + "\n" }.joined().utf8))
            },
            Endpoint(
                .get, "/apps/{app_id}/channels/{channel_id}/instances/{instance_id}/events", .followInstance
            ) { call in
                let lines = try await lines(call)
                let output = try await instances.follow(
                    call.id("instance_id"), lines: lines, channel: call.id("channel_id"), app: call.id("app_id"),
                    by: call.principal)
                return .events(
                    output.mapped(buffering: InstanceService.linesAhead) { ServerSentEvent(data: $0) },
                    buffering: InstanceService.linesAhead)
            },
        ]
    }

    private func lines(_ call: Call) async throws -> Int {
        _ = try await instances.find(
            call.id("instance_id"), channel: call.id("channel_id"), app: call.id("app_id"), by: call.principal)
        return try call.integer("lines", in: Self.lineCounts) ?? Self.usualLines
    }

    private static func json(_ instance: Instance) -> JSONValue {
        [
            "instance_id": .string(instance.id.description), "release_id": .string(instance.releaseID.description),
            "state": .string(instance.state.rawValue), "reason": .optional(instance.reason),
            "created_at": .string(Timestamp.string(from: instance.createdAt)),
        ]
    }
}

extension Operation {
    private static let lines = Parameter(
        name: "lines", description: "How many of the lines that are there already", isRequired: false,
        schema: [
            "type": "integer", "minimum": .integer(InstancesSurface.lineCounts.lowerBound),
            "maximum": .integer(InstancesSurface.lineCounts.upperBound),
            "default": .integer(InstancesSurface.usualLines),
        ], example: 100)
    private static let problems = [
        Failure(.invalid, "lines is out of range"), Failure(.notFound, "App, channel or instance not found"),
    ]
    private static let tooMany = Failure(.rateLimited, "The caller follows too many logs already, or all callers do")

    fileprivate static let listInstances = Operation(
        id: "listInstances",
        summary: "List what runs of a channel, newest first, and what has been stopped and has its log kept",
        tag: "Instances", isExtension: true,
        success: .json("InstanceList", example: ["instances": [Examples.instance], "stopped": []]),
        failures: [.channel])

    fileprivate static let getInstanceLog = Operation(
        id: "getInstanceLog", summary: "Read the last lines that an instance wrote, also when it has been stopped",
        tag: "Instances",
        isExtension: true, query: [lines], success: .text(example: "listening on port 8080\n"), failures: problems)

    fileprivate static let followInstance = Operation(
        id: "followInstance", summary: "Follow what an instance writes, as server-sent events", tag: "Instances",
        isExtension: true, query: [lines], success: .events(example: Examples.outputEvents),
        failures: problems + [tooMany])
}
