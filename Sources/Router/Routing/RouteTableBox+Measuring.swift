import Core

extension RouteTableBox {
    public func beginMeasuring(_ hostname: String) { setMeter(TrafficMeter(), at: hostname) }

    public func endMeasuring(_ hostname: String) { setMeter(nil, at: hostname) }

    public func figures(of hostname: String) -> TrafficFigures { meter(of: hostname)?.figures ?? TrafficFigures() }

    public func takeFigures(of hostname: String) -> TrafficFigures { meter(of: hostname)?.take() ?? TrafficFigures() }
}
