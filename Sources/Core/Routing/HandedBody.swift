import Synchronization

/// A response's body that a service leaves to the router: parts of an open file, and bytes between them. The file goes to
/// the client without passing through the service.
public struct HandedBody: Sendable {
    public enum Part: Sendable {
        case bytes([UInt8])
        /// Places in the file.
        case file(Range<Int>)
    }

    public let descriptor: CInt
    public let parts: [Part]
    /// Bytes of all parts.
    public let size: Int
    /// Keeps the file open, and whatever else is to be held until the body was sent.
    public let owner: any Sendable
    /// Ends it in the middle; the client sees that it is cut.
    public let stop: SendingStop

    public init(descriptor: CInt, parts: [Part], owner: any Sendable, stop: SendingStop = SendingStop()) {
        self.descriptor = descriptor
        self.parts = parts
        self.owner = owner
        self.stop = stop
        size = parts.reduce(0) { sum, part in
            switch part {
            case .bytes(let bytes): sum + bytes.count
            case .file(let range): sum + range.count
            }
        }
    }
}

/// Where services leave bodies and the router takes them. The response has the body's length, the field `Berth-Body` with
/// its key, and no byte of it.
public final class HandedBodies: Sendable {
    public static let field = "Berth-Body"
    /// Who asked is gone when a body was not taken by then.
    private static let lifetime: Duration = .seconds(60)

    private let waiting = Mutex<[UInt64: (body: HandedBody, since: ContinuousClock.Instant)]>([:])

    public init() {}

    /// The value of the response's field.
    public func leave(_ body: HandedBody) -> String {
        let now = ContinuousClock.now
        let key = UInt64.random(in: .min ... .max)
        waiting.withLock { waiting in
            waiting = waiting.filter { now - $0.value.since < Self.lifetime }
            waiting[key] = (body, now)
        }
        return String(key)
    }

    /// Each body is taken once.
    public func take(_ key: UInt64) -> HandedBody? { waiting.withLock { $0.removeValue(forKey: key)?.body } }
}
