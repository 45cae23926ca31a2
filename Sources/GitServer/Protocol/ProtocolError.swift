import Core

/// A request that breaks the protocol; the message goes to the client in an `ERR` packet.
struct ProtocolError: Error, Equatable {
    let message: String
    /// What went wrong when it was no rule of the protocol: the body was too large, came too slowly or ended early.
    let cause: PlatformError?

    init(_ message: String) {
        self.message = message
        cause = nil
    }

    init(cause: PlatformError) {
        message = cause.message
        self.cause = cause
    }
}

extension String {
    func value(after prefix: String) -> String? { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil }
}
