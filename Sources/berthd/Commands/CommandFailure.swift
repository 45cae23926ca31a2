import Core

/// Ends a command with one line that says what was wrong.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ error: any Error) {
        switch error {
        case let error as PlatformError: description = error.message + (error.cause.map { " (\($0))" } ?? "")
        case let failure as CommandFailure: description = failure.description
        default: description = String(describing: error)
        }
    }
}
