import CLibpq

/// The libpq that this program is linked with.
public enum PostgresLibrary {
    /// `15.18`
    public static var version: String {
        let number = PQlibVersion()
        return "\(number / 10_000).\(number % 10_000)"
    }
}
