/// A folder of a channel that outlasts its releases, as a container sees it.
public struct VolumeMount: Sendable, Hashable, Codable {
    /// Absolute path on the host.
    public let source: String
    /// Path below `/app`.
    public let path: String

    public init(source: String, path: String) {
        self.source = source
        self.path = path
    }
}

/// What apps may call their volumes: paths of folders below the app's own.
public enum VolumeName {
    /// Volumes that an app may have.
    public static let maximumCount = 4
    private static let maximumLength = 100

    /// Letters, digits, `.`, `_`, `-`, in parts that `/` divides; no part begins with a dot.
    public static func isValid(_ name: String) -> Bool {
        guard name.utf8.count <= maximumLength else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.utf8.first, first != UInt8(ascii: ".") else { return false }
            return part.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            }
        }
    }

    /// Whether one of two names is in the folder of the other, or the same.
    public static func overlap(_ one: String, _ other: String) -> Bool {
        one == other || one.hasPrefix(other + "/") || other.hasPrefix(one + "/")
    }
}

/// Keeps the volumes of channels.
public protocol VolumeStore: Sendable {
    /// Makes those folders of the plan's volumes that are not there, for the channel's account. In the plan's order.
    func prepare(_ plan: RunPlan, of channel: Channel) async throws(PlatformError) -> [VolumeMount]
    /// Bytes on disk of all volumes of a channel; 0 for none, `Int.max` for more files, or deeper folders, than are counted.
    func size(of channel: ID<Channel>) async -> Int
    /// Channels that have volumes on disk.
    func channels() async -> [ID<Channel>]
    /// Removes the channel's volumes with all that is in them; fine when there are none.
    func remove(_ channel: ID<Channel>) async throws(PlatformError)
}

/// What volumes take, for people.
public enum VolumeUse {
    /// - Parameter bytes: as `VolumeStore.size` has them.
    public static func text(_ bytes: Int) -> String {
        bytes == .max ? "more files, or deeper folders, than are counted" : "\(bytes >> 20) MiB"
    }
}
