/// A client's connection as the worker sees it.
protocol TimedConnection: AnyObject {
    /// Place in the worker's list.
    var registration: Int { get set }
    /// The tick at which `deadlinePassed` is called.
    var deadline: Int { get }
    func deadlinePassed()
    /// The server is stopping: ends at once if nothing is under way.
    func closeIfIdle()
    /// The time that was left is over.
    func cut()
}
