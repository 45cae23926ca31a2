import Core

/// Asks while a pack is sent whether its client would still be let in. As long as it lives.
final class SendingWatch: Sendable {
    let stop = SendingStop()
    private let task: Task<Void, Never>

    init(_ admission: Admission, every interval: Duration) {
        task = Task { [stop] in await admission.keepConfirming(every: interval) { _ in stop.stop() } }
    }

    deinit { task.cancel() }

    /// Throws `.tokenRevoked` when it is to be stopped.
    func check() throws(PlatformError) {
        guard !stop.isStopped else { throw PlatformError(.tokenRevoked, "the right to fetch was taken away") }
    }
}
