import Core

extension DatabaseService {
    /// Makes roles and databases again that were ready and are gone, with the password that their processes know. Contents that
    /// were lost stay lost. Returns the channels.
    func restoreMissing() async throws(PlatformError) -> [ID<Channel>] {
        guard let provisioner else { return [] }
        let ready = try await platform.databases.databases().filter { $0.status == .ready }
        let missing = Set(try await provisioner.missing(ready.map(\.identity)))
        var restored: [ID<Channel>] = []
        // What belongs to a deleted channel may go while it is looked for.
        for record in ready where missing.contains(record.identity) && !dropped.contains(record.channelID) {
            try await platform.databases.setStatus(.provisioning, lastError: nil, channel: record.channelID)
            try await made(record.channelID)
            restored.append(record.channelID)
        }
        return restored
    }
}
