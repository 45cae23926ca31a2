import Core

extension DeployPipeline {
    /// Throws `.buildFailed`, in words for who deploys, when the apps of a user have more on the disk than they may.
    func checkUse(of user: ID<User>) throws(PlatformError) {
        guard let limit = platform.configuration.userDiskBytes, let used = platform.userDisk(user), used > limit else {
            return
        }
        throw PlatformError(
            .buildFailed,
            "your apps together take \(used >> 20) MiB of this server's disk, of \(limit >> 20) MiB that they may, as it was "
                + "counted some minutes ago: delete apps or channels, let apps remove files of their volumes, or ask the "
                + "operator for more (--user-disk)")
    }

    /// Throws `.buildFailed`, in words for who deploys, when the volumes of a channel have more than they may.
    func checkVolumes(of channel: Channel) async throws(PlatformError) {
        let (used, limit) = (await platform.volumes.size(of: channel.id), platform.configuration.volumeBytes)
        guard used > limit else { return }
        throw PlatformError(
            .buildFailed,
            "the volumes of this channel have \(VolumeUse.text(used)), of \(limit >> 20) MiB that they may: let the app "
                + "remove some of it, or a release line in berth.yaml, or ask the operator for more (--volume-size)")
    }
}
