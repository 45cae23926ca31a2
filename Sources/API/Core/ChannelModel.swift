import Core

/// A channel on the wire (seed 000, `GET /apps/{app_id}/channels`); part of an app, and by itself.
enum ChannelModel {
    static func json(_ channel: Channel, address: PublicAddress) -> JSONValue {
        [
            "id": .string(channel.id.description),
            "name": .string(channel.name.rawValue),
            "hostname": .string(address.hostname(channel.label)),
            "git_ref_binding": .string(channel.binding.description),
            "current_sha": .optional(channel.currentCommit?.rawValue),
            "status": .string(channel.status),
        ]
    }
}
