/// The first label of a site's hostname: `<app>-<user>` for prod, `<channel>-<app>-<user>` for the others
/// (seed 000, "Hostname derivation").
public struct SiteLabel: Sendable, Hashable, CustomStringConvertible {
    /// Longest DNS label (RFC 1035 section 2.3.4).
    public static let maximumLength = 63

    public let rawValue: String

    /// For a label that has been made before and comes back from the store.
    public init(stored: String) { rawValue = stored }

    /// Throws `.invalid` when the label would be longer than DNS allows.
    public init(channel: ChannelName, app: AppName, user: UserName) throws(PlatformError) {
        let names = channel.rawValue == Channel.prodName ? [app.rawValue] : [channel.rawValue, app.rawValue]
        let label = (names + [user.rawValue]).joined(separator: "-")
        guard label.utf8.count <= Self.maximumLength else {
            throw .invalid(
                "the hostname \"\(label)\" would have a label of \(label.utf8.count) characters; "
                    + "DNS allows \(Self.maximumLength): choose a shorter name")
        }
        rawValue = label
    }

    public var description: String { rawValue }
}
