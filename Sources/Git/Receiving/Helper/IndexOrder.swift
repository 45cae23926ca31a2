/// What a helper is told, and what it answers: one JSON value each, on its standard input and output; before the answer
/// come `ProgressLine`s. What it reads and writes it gets as open descriptors.
struct IndexOrder: Codable {
    /// The pack as it came; complete afterwards.
    static let body: Int32 = 3
    /// The pack's index, empty.
    static let index: Int32 = 4
    /// The folder of the repository's objects.
    static let objects: Int32 = 5

    var limits: ReceiveLimits
    /// Bytes of memory that the helper may take.
    var memoryBytes: Int
    /// Seconds of processor time.
    var seconds: Int
    /// Bytes of a file, beyond what its pack explains.
    var moreFileBytes: Int

    /// What has become of a pack.
    enum Answer: Codable {
        /// It is complete, with its index. The trailer is the hash that it is named by.
        case indexed(trailer: String, objects: Int)
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
