import Core
import Synchronization

/// The hostnames of channels, each owned by one channel. A hostname is free again as soon as its channel is deleted, so a
/// deploy of the old one may end when a new one has the name already: whoever does not own a hostname changes nothing.
final class SiteRoutes: Sendable {
    private let routes: any RoutePublisher
    private let address: PublicAddress
    private struct Owners {
        var channels: [String: ID<Channel>] = [:]
        var hostnames: [ID<Channel>: String] = [:]

        mutating func add(_ channel: ID<Channel>, at hostname: String) {
            if let former = channels.updateValue(channel, forKey: hostname), former != channel {
                hostnames[former] = nil
            }
            hostnames[channel] = hostname
        }
    }

    private let owners = Mutex(Owners())

    init(routes: any RoutePublisher, address: PublicAddress) {
        self.routes = routes
        self.address = address
    }

    /// Makes the channel, which is stored already and so the only live one of this name, the owner of its hostname.
    func claim(_ target: RouteTarget, for channel: Channel) {
        let hostname = address.hostname(channel.label)
        owners.withLock { owners in
            owners.add(channel.id, at: hostname)
            routes.publish(target, at: hostname)
        }
    }

    /// As `claim`, for all channels at once.
    func claim(_ targets: [(channel: Channel, target: RouteTarget)]) {
        owners.withLock { owners in
            for (channel, _) in targets { owners.add(channel.id, at: address.hostname(channel.label)) }
            routes.publish(
                Dictionary(targets.map { (address.hostname($0.channel.label), $0.target) }) { $1 })
        }
    }

    /// Makes the channel's hostname lead to `target` and returns what it replaced.
    /// Throws `.cancelled` when the hostname is not the channel's any more.
    @discardableResult
    func publish(_ target: RouteTarget, for channel: Channel) throws(PlatformError) -> RouteTarget? {
        let hostname = address.hostname(channel.label)
        return try owners.withLock { (owners) throws(PlatformError) in
            guard owners.channels[hostname] == channel.id else {
                throw PlatformError(.cancelled, "the channel was deleted")
            }
            return routes.publish(target, at: hostname)
        }
    }

    /// Gives the hostname up, when it is the channel's.
    func withdraw(_ channel: Channel) {
        let hostname = address.hostname(channel.label)
        owners.withLock { owners in
            guard owners.channels[hostname] == channel.id else { return }
            owners.channels[hostname] = nil
            owners.hostnames[channel.id] = nil
            routes.withdraw(hostname)
        }
    }

    /// The channel has a hostname: it is not deleted.
    func has(_ channel: ID<Channel>) -> Bool { owners.withLock { $0.hostnames[channel] != nil } }

    /// Answers the requests that wait at the channel's hostname: what they wait for did not start.
    func refuseHeld(of channel: ID<Channel>) {
        if let hostname = owners.withLock({ $0.hostnames[channel] }) { routes.refuseHeld(at: hostname) }
    }

    // MARK: - What a channel's hostname leads to, and what comes to it

    func target(of channel: Channel) -> RouteTarget? { routes.target(of: address.hostname(channel.label)) }
    func beginMeasuring(_ channel: Channel) { routes.beginMeasuring(address.hostname(channel.label)) }
    func endMeasuring(_ channel: Channel) { routes.endMeasuring(address.hostname(channel.label)) }
    func figures(of channel: Channel) -> TrafficFigures { routes.figures(of: address.hostname(channel.label)) }
    func takeFigures(of channel: Channel) -> TrafficFigures { routes.takeFigures(of: address.hostname(channel.label)) }

    /// What a channel shows to which nothing was deployed yet.
    func placeholder(of app: App) -> RouteTarget {
        .placeholder(.awaitingFirstDeploy(repositoryURL: address.repositoryURL(user: app.ownerName, app: app.name)))
    }
}
