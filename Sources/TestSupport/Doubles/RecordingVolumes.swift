import Core
import Synchronization

/// Volumes that exist in name only.
public final class RecordingVolumes: VolumeStore {
    private let state = Mutex<(mounts: [ID<Channel>: [VolumeMount]], sizes: [ID<Channel>: Int])>(([:], [:]))

    public init() {}

    /// The volumes of each channel that has some.
    public var mounts: [ID<Channel>: [VolumeMount]] { state.withLock { $0.mounts } }
    /// What the volumes of a channel come to from now on.
    public func setSize(_ bytes: Int, of channel: ID<Channel>) { state.withLock { $0.sizes[channel] = bytes } }

    public func prepare(_ plan: RunPlan, of channel: Channel) async throws(PlatformError) -> [VolumeMount] {
        guard let names = plan.volumes else { return [] }
        let mounts = names.map { VolumeMount(source: "/volumes/\(channel.id)/\($0)", path: plan.path(ofVolume: $0)) }
        state.withLock { $0.mounts[channel.id] = mounts }
        return mounts
    }

    public func size(of channel: ID<Channel>) async -> Int { state.withLock { $0.sizes[channel] ?? 0 } }
    public func channels() async -> [ID<Channel>] { state.withLock { Array($0.mounts.keys) } }
    public func remove(_ channel: ID<Channel>) async throws(PlatformError) {
        state.withLock { $0.mounts[channel] = nil }
    }
}
