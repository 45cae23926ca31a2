/// One entry of a pack that is being received.
struct PackEntry {
    static let none = UInt32.max

    /// Zero until it is known.
    var id = ObjectID.zero
    /// CRC-32 of its bytes in the pack.
    var crc: UInt32 = 0
    /// Where it begins.
    var offset: Int
    /// The entry that it is a delta on, once that is known; `none` for a whole object.
    var base = PackEntry.none
    /// How many deltas lie between it and a whole object.
    var depth: UInt32 = 0
    /// `nil` until the content is known.
    var kind: ObjectKind?
    /// Bytes of its header.
    var headerSize: UInt8 = 0
    var isDelta = false

    init(offset: Int) { self.offset = offset }
}
