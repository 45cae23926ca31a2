import CGit2
import Core

/// What libgit2 or our own git code reports.
public struct GitError: Error, Sendable, Hashable {
    /// Why it failed.
    public enum Code: Sendable, Hashable {
        /// The repository, object or ref does not exist.
        case notFound
        /// It exists already.
        case exists
        /// What a client sent breaks a rule. The message is ours and safe to show.
        case refused
        /// More bytes, objects or time than the limit. The message is ours and safe to show.
        case tooLarge
        /// What a commit holds cannot be laid out on disk. The message is ours and safe to show.
        case unusable
        /// A ref is locked, or changed while we looked. The message is ours and safe to show.
        case locked
        /// A system call failed; the number is `errno`.
        case system(Int32)
        /// Any other code of libgit2.
        case library(Int32)
    }

    public let code: Code
    /// For people; may name paths of the host unless the code says otherwise.
    public let message: String
    /// The function that failed.
    public let operation: String

    public init(_ code: Code, _ message: String, operation: String) {
        self.code = code
        self.message = message
        self.operation = operation
    }

    /// Whether the message was written by us and may be shown to a client.
    public var isShowable: Bool {
        switch code {
        case .refused, .tooLarge, .unusable, .locked: true
        case .notFound, .exists, .system, .library: false
        }
    }

    /// The error as it crosses a port: `what` is shown when the message is not fit to be.
    public func platformError(_ what: String) -> PlatformError {
        switch code {
        case .notFound: .notFound(what)
        case .exists: PlatformError(.conflict, "\(what) exists already")
        case .refused: PlatformError(.invalid, message)
        case .tooLarge: PlatformError(.tooLarge, message)
        case .unusable: PlatformError(.buildFailed, message)
        case .locked: PlatformError(.conflict, message)
        case .system, .library:
            PlatformError(.internal, "\(what) could not be read or written", cause: String(describing: self))
        }
    }
}

extension GitError: CustomStringConvertible {
    public var description: String { "\(operation): \(message) (\(code))" }
}
