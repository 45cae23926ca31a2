/// What the files of a release may come to, and what the disk must have left while they are written.
public struct ReleaseAllowance: Sendable {
    /// Of all files together, also of those that the release shares with others.
    public var limit: DiskLimit
    public var reserve: DiskReserve
    /// Of the file system that the releases are on.
    public var room: DiskRoomSource

    public init(
        limit: DiskLimit, reserve: DiskReserve = DiskReserve(bytes: 0), room: @escaping DiskRoomSource = { nil }
    ) {
        self.limit = limit
        self.reserve = reserve
        self.room = room
    }

    /// Throws `.buildFailed`, in words for who deploys, when a commit's files have more bytes than a release may have.
    public func check(bytes: Int) throws(PlatformError) {
        guard bytes > limit.bytes else { return }
        throw PlatformError(
            .buildFailed,
            "the commit's files come to more than \(ByteCount.text(limit.bytes)), which is what a release may "
                + "have: leave some out, or ask the operator for more (--release-size)")
    }

    /// As above, for files and folders.
    public func check(entries: Int) throws(PlatformError) {
        guard entries > limit.entries else { return }
        throw PlatformError(
            .buildFailed,
            "the commit has more than \(limit.entries) files and folders, which is what a release may have: "
                + "leave some out, or ask the operator for more (--release-files)")
    }

    /// Throws `.unavailable`, in words for who deploys, when the disk would not keep its reserve with so many bytes
    /// more. Blocks, briefly.
    public func checkRoom(adding bytes: Int = 0) throws(PlatformError) {
        if let room = room() { try reserve.check(room, adding: bytes) }
    }
}
