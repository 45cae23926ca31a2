import Foundation

/// Prints a deploy's log until the deploy has ended.
struct DeployFollower {
    let api: APIClient
    let app: AppResponse
    let channel: ChannelResponse

    /// Prints what there is, and with `untilEnd` what comes, until the log says how the deploy ended.
    func follow(_ deploy: String, untilEnd: Bool) async throws -> DeployOutcome? {
        var reader = DeployLogReader()
        var pause = Duration.milliseconds(100)
        while true {
            let log = try await api.log(of: deploy, app: app, channel: channel)
            let lines = reader.take(log ?? "")
            // Not `print`, which keeps lines back when the output is not a terminal.
            for line in lines { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
            if let outcome = reader.outcome { return outcome }
            if !untilEnd {
                if log == nil { throw ClientError("no log of that deploy (yet) on channel \(channel.name)") }
                return nil
            }
            // Quick while lines come, slower while nothing happens.
            pause = lines.isEmpty ? min(pause * 2, .seconds(1)) : .milliseconds(100)
            try await Task.sleep(for: pause)
        }
    }
}
