/// What a file system has and what is left of it.
public struct DiskRoom: Sendable, Hashable {
    /// Bytes.
    public var total: Int
    /// Bytes that may still be written.
    public var free: Int
    /// Files that may still be made; `nil` where their number is not limited.
    public var freeEntries: Int?

    public init(total: Int, free: Int, freeEntries: Int? = nil) {
        self.total = total
        self.free = free
        self.freeEntries = freeEntries
    }
}

/// Tells the room on the file system of the data folder; `nil` when that cannot be told.
public typealias DiskRoomSource = @Sendable () -> DiskRoom?

/// What a server keeps free on its disk for itself: its database, logs, the repositories of those who push.
public struct DiskReserve: Sendable, Hashable {
    /// A file system with fewer free places for files is as full as one without bytes.
    public static let entries = 10_000

    /// Bytes.
    public var bytes: Int

    public init(bytes: Int) { self.bytes = bytes }

    /// Whether nothing may be added any more, or not so many bytes.
    public func isReached(in room: DiskRoom, adding more: Int = 0) -> Bool {
        room.free - more < bytes || room.freeEntries.map { $0 < Self.entries } ?? false
    }

    /// Throws `.unavailable`, in words for who deploys, when nothing may be added any more, or not so many bytes.
    public func check(_ room: DiskRoom, adding more: Int = 0) throws(PlatformError) {
        guard isReached(in: room, adding: more) else { return }
        let left = room.free - more < bytes ? "\(room.free >> 20) MiB" : "room for \(room.freeEntries ?? 0) files"
        throw PlatformError(
            .unavailable,
            "this server's disk is nearly full: \(left) left, of which it keeps \(bytes >> 20) MiB for itself; "
                + "its operator can make room")
    }
}
