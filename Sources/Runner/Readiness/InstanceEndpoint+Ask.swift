import Core

extension InstanceEndpoint {
    /// Asks once, as the readiness check does, and says what was seen: `answered with status 200`.
    /// - Parameter path: what `GET` asks for; `nil` only connects.
    public func ask(_ path: String?) async -> String {
        await HTTPProbe(host: host, port: port, path: path).ask().description
    }
}
