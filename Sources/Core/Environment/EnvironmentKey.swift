/// The name of a variable that an app may set: `^[A-Z_][A-Z0-9_]*$`, none of the reserved ones (seed 000, `POST
/// /apps/{app_id}/env`).
public struct EnvironmentKey: Sendable, Hashable, CustomStringConvertible {
    public static let reserved: Set<String> = [
        "XHOST_USER", "XHOST_SHA", "DATABASE_URL", "DATABASE_HOST", "DATABASE_PASSWORD",
    ]
    public static let maximumLength = 255

    public let rawValue: String

    public init(_ text: String) throws(PlatformError) {
        guard !Self.reserved.contains(text) else {
            throw .invalid("key \(text) is reserved: the platform sets it")
        }
        guard (1...Self.maximumLength).contains(text.utf8.count), let first = text.utf8.first,
            !(0x30...0x39).contains(first),
            text.utf8.allSatisfy({ (0x41...0x5a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f })
        else {
            let fault = NameFault.describe(text, maximum: Self.maximumLength) { scalar in
                ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "_"
            }
            throw .invalid(
                "key must be uppercase letters, digits and underscores, not starting with a digit, "
                    + "at most \(Self.maximumLength) characters: \(fault ?? "it starts with a digit")")
        }
        rawValue = text
    }

    public var description: String { rawValue }
}

/// The value of a variable: any text without NUL, up to 64 KiB (a process's single string may have 128 KiB, execve(2)).
public enum EnvironmentValue {
    public static let maximumBytes = 64 * 1024
    /// Bytes of all variables of an app, names included. A process is given 2 MiB at most with its arguments (execve(2)).
    public static let maximumTotal = 1 << 20

    public static func check(_ value: String) throws(PlatformError) {
        guard !value.utf8.contains(0) else { throw .invalid("value must not contain a NUL character") }
        guard value.utf8.count <= maximumBytes else {
            throw .invalid("value has \(value.utf8.count) bytes; the limit is \(maximumBytes)")
        }
    }
}

/// Where env values are kept, sealed at rest.
public protocol EnvironmentStore: Sendable {
    func set(_ key: EnvironmentKey, value: String, app: ID<App>) async throws(PlatformError)
    /// False when there was none.
    func remove(_ key: String, app: ID<App>) async throws(PlatformError) -> Bool
    func values(app: ID<App>) async throws(PlatformError) -> [String: String]
    /// The names that are set, sorted.
    func names(app: ID<App>) async throws(PlatformError) -> [String]
}
