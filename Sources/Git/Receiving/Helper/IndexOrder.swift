/// What a helper is told, and what it answers: one JSON value each, on its standard input and output.
struct IndexOrder: Codable {
    /// The repository, absolute.
    var directory: String
    /// The pack as it came: a file in the push's quarantine, where the result goes too.
    var body: String
    var limits: ReceiveLimits
    /// Bytes of memory that the helper may take.
    var memoryBytes: Int

    /// What has become of a pack.
    enum Answer: Codable {
        /// It lies in the quarantine under this name, complete, with its index.
        case indexed(name: String, objects: Int)
        /// Nothing in it needs to be kept.
        case nothingNew
        case failed(Failure)
    }

    /// A `GitError` on its way between two processes.
    struct Failure: Codable {
        private let code: String
        private let message: String
        private let operation: String

        init(_ error: GitError) {
            code =
                switch error.code {
                case .refused: "refused"
                case .tooLarge: "tooLarge"
                default: "other"
                }
            message = error.message
            operation = error.operation
        }

        var error: GitError {
            let known: GitError.Code =
                switch code {
                case "refused": .refused
                case "tooLarge": .tooLarge
                default: .library(-1)
                }
            return GitError(known, message, operation: operation)
        }
    }
}
