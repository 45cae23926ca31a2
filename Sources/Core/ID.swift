import Foundation

/// The identifier of one kind of thing: a UUID that cannot be mistaken for another kind's.
/// Its text form is the 36-character lower-case one, on the wire, in the store and in paths.
public struct ID<Entity>: Hashable, Sendable {
    public let uuid: UUID

    /// A new random identifier.
    public init() { uuid = UUID() }
    public init(uuid: UUID) { self.uuid = uuid }

    /// Reads the canonical text form in either case; anything else is `nil`.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 36, let uuid = UUID(uuidString: String(text)) else { return nil }
        self.uuid = uuid
    }

    /// The 32 lower-case hex digits without dashes.
    public var hex: String { description.filter { $0 != "-" } }
}

extension ID: CustomStringConvertible {
    public var description: String { uuid.uuidString.lowercased() }
}

extension ID: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = ID(text) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not a UUID"))
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
