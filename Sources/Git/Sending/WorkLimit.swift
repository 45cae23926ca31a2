import Synchronization

/// How long work for one client may go on.
///
/// What comes of the work does not depend on it, so that all limits are equal: two requests that differ in nothing else
/// are one.
package struct WorkLimit: Sendable, Hashable {
    /// As long as it takes.
    package static let none = WorkLimit()

    private let time: Duration?
    private let deadline: ContinuousClock.Instant?
    private let work: StaticString

    private init() { (time, deadline, work) = (nil, nil, "") }

    /// From now on.
    /// - Parameter work: what is named when it takes longer.
    package init(_ time: Duration, of work: StaticString) {
        self.time = time
        self.work = work
        deadline = .now + time
    }

    package static func == (_: WorkLimit, _: WorkLimit) -> Bool { true }
    package func hash(into _: inout Hasher) {}

    /// Throws `.tooLarge` once the time is over.
    func check() throws(GitError) {
        guard let deadline, let time, ContinuousClock.now > deadline else { return }
        throw GitError(.tooLarge, "\(work) takes longer than \(time)", operation: "work")
    }
}

/// Asks now and then whether to go on.
struct WorkMeter {
    /// Objects between two questions: some milliseconds of work.
    private static let step = 1024

    private let limit: WorkLimit
    private var count = 0

    init(_ limit: WorkLimit) { self.limit = limit }

    /// To be called for each object.
    mutating func tick(_ repository: borrowing Repository) throws(GitError) {
        // At the first one too: what is asked for may be little, when the time is over.
        if count % Self.step == 0 {
            try limit.check()
            try repository.interest.check()
        }
        count += 1
    }
}

/// Whether anybody still waits for what is done with a repository.
final class Interest: Sendable {
    private let isLost = Atomic(false)

    func lose() { isLost.store(true, ordering: .relaxed) }

    /// Throws `.refused` when nobody does.
    func check() throws(GitError) {
        guard isLost.load(ordering: .relaxed) else { return }
        throw GitError(.refused, "nobody waits for the answer any more", operation: "work")
    }
}
