/// The configured times in ticks, worked out once: each request asks for several.
struct TickTimes {
    let keepAliveIdle: Int
    let header: Int
    let bodyIdle: Int
    let halfCloseGrace: Int
    let heldCloseGrace: Int
    let linger: Int
    let instanceFirstByte: Int?
    let serviceFirstByte: Int?
    let request: Int?
    let webSocketIdle: Int?
    let responseIdle: Int?
    let upstreamIdle: Int
    let upstreamFreshness: Int

    init(_ configuration: RouterConfiguration, _ clock: TickClock) {
        keepAliveIdle = clock.ticks(configuration.keepAliveIdle)
        header = clock.ticks(configuration.headerTimeout)
        bodyIdle = clock.ticks(configuration.bodyIdleTimeout)
        halfCloseGrace = clock.ticks(configuration.halfCloseGrace)
        heldCloseGrace = clock.ticks(configuration.heldCloseGrace)
        linger = clock.ticks(configuration.lingerTimeout)
        instanceFirstByte = configuration.instanceFirstByteTimeout.map(clock.ticks)
        serviceFirstByte = configuration.serviceFirstByteTimeout.map(clock.ticks)
        request = configuration.requestTimeout.map(clock.ticks)
        webSocketIdle = configuration.webSocketIdle.map(clock.ticks)
        responseIdle = configuration.responseIdleTimeout.map(clock.ticks)
        upstreamIdle = clock.ticks(configuration.upstreamIdle)
        upstreamFreshness = clock.ticks(configuration.upstreamFreshness)
    }
}
