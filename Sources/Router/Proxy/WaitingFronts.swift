/// The connections of one event loop whose requests wait for an app to start, by hostname.
final class WaitingFronts {
    private var fronts: [String: [ObjectIdentifier: FrontHandler]] = [:]

    func add(_ front: FrontHandler, at hostname: String) {
        fronts[hostname, default: [:]][ObjectIdentifier(front)] = front
    }

    func remove(_ front: FrontHandler, at hostname: String) {
        fronts[hostname]?[ObjectIdentifier(front)] = nil
        if fronts[hostname]?.isEmpty == true { fronts[hostname] = nil }
    }

    func resume(_ hostname: String) { for front in take(hostname) { front.lookAgain() } }

    func refuse(_ hostname: String) { for front in take(hostname) { front.endHold(with: .didNotStart) } }

    /// A copy: each of them leaves, and may come back at once.
    private func take(_ hostname: String) -> [FrontHandler] { fronts[hostname].map { Array($0.values) } ?? [] }
}
