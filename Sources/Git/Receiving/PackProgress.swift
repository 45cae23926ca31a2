import Synchronization

/// How far the reading of a pack has come: told where it is read, asked where somebody waits for it.
package final class PackProgress: Sendable {
    private let total = Atomic(0)
    private let done = Atomic(0)
    private let onStep: (@Sendable (_ done: Int, _ total: Int) -> Void)?

    package convenience init() { self.init(onStep: nil) }

    /// - Parameter onStep: is called for every object, on the thread that reads.
    init(onStep: (@Sendable (_ done: Int, _ total: Int) -> Void)?) { self.onStep = onStep }

    /// Objects that were read and passed the checks of each by itself, and objects of the whole pack: 0 as long as that
    /// is not known.
    package var objects: (done: Int, total: Int) { (done.load(ordering: .relaxed), total.load(ordering: .relaxed)) }

    func advance(to done: Int, of total: Int) {
        // The process that reads may be another one, and a hostile pack may have made it say anything.
        self.total.store(max(0, total), ordering: .relaxed)
        self.done.store(min(max(0, done), max(0, total)), ordering: .relaxed)
        onStep?(done, total)
    }
}
