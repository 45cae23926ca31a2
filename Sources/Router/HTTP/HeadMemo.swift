import NIOCore

/// Heads that came more than once lately, with what they mean: clients, and the many connections of one, mostly say the same
/// again. What a head means depends on its bytes and on nothing else, so nothing in here is ever out of date but the answers,
/// which say for themselves what they hold for.
struct HeadMemo {
    final class Entry {
        let head: RequestHead
        /// What the router answered to it, and to which state of the routes that belongs.
        var answer: PreparedAnswer?
        var version = -1
        /// What the access log says of it.
        var logged: LoggedHead?
        fileprivate let bytes: [UInt8]
        fileprivate let hash: UInt64
        fileprivate let isTrusted: Bool

        fileprivate init(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer, _ hash: UInt64, _ isTrusted: Bool) {
            self.head = head
            self.bytes = Array(bytes)
            self.hash = hash
            self.isTrusted = isTrusted
        }
    }

    static let maximumBytes = 1024
    private static let places = 256

    private var entries = [Entry?](repeating: nil, count: places)
    /// Hashes of heads that came once: only what comes again is kept.
    private var seen = [UInt64](repeating: 0, count: places)

    /// - Parameters:
    ///   - bytes: what has come, from the first byte of a head.
    ///   - isTrusted: the peer's forwarding headers are passed on.
    func find(_ bytes: UnsafeRawBufferPointer, isTrusted: Bool) -> Entry? {
        guard bytes.count <= Self.maximumBytes, bytes.first == UInt8(ascii: "G") else { return nil }
        let hash = Self.hash(bytes)
        guard let entry = entries[Self.place(hash)], entry.hash == hash, entry.isTrusted == isTrusted,
            bytes.isSame(as: entry.bytes)
        else { return nil }
        return entry
    }

    /// Keeps a head that was read and has come before.
    /// - Parameter bytes: what had come when it was read.
    mutating func note(_ head: RequestHead, _ bytes: UnsafeRawBufferPointer, isTrusted: Bool) -> Entry? {
        guard head.method == .get, head.framing == .none, head.length == bytes.count, bytes.count <= Self.maximumBytes
        else { return nil }
        let hash = Self.hash(bytes)
        let place = Self.place(hash)
        guard seen[place] == hash else {
            seen[place] = hash
            return nil
        }
        let entry = Entry(head, bytes, hash, isTrusted)
        entries[place] = entry
        return entry
    }

    /// Sites that are gone must not be kept in memory.
    func forgetAnswers() { for entry in entries { entry?.answer = nil } }

    private static func place(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash & UInt64(places - 1)) }

    /// Who makes heads collide on purpose only spares himself the memo: the bytes decide.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(truncatingIfNeeded: bytes.count)
        var offset = 0
        while offset &+ 8 <= bytes.count {
            hash = (hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash &>> 29
            offset &+= 8
        }
        while offset < bytes.count {
            hash = (hash ^ UInt64(bytes[offset])) &* 0x0100_0000_01b3
            offset &+= 1
        }
        return hash ^ hash &>> 32
    }
}
