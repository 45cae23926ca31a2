import Foundation
import Glibc
import ServerTestSupport
import Synchronization

/// The command line of every program that is started on this machine while the value is there, however soon it ends: the kernel
/// tells of each (netlink(7), `NETLINK_CONNECTOR`; linux/cn_proc.h). Needs root.
final class ExecutionRecord: Sendable {
    private static let connector: Int32 = 11
    /// `CN_IDX_PROC` and `CN_VAL_PROC`, also the number of the group that hears of processes.
    private static let processes: UInt32 = 1
    /// `PROC_CN_MCAST_LISTEN`.
    private static let listen: UInt32 = 1
    /// `PROC_EVENT_EXEC`.
    private static let execution: UInt32 = 2
    /// Where an event's kind and its process are, behind the headers of netlink and of the connector.
    private static let (kindOffset, processOffset) = (36, 56)

    /// `sockaddr_nl` (netlink(7)).
    private struct Address {
        var family = UInt16(AF_NETLINK)
        var padding: UInt16 = 0
        var port: UInt32 = 0
        var groups = ExecutionRecord.processes
    }

    private final class Lines: Sendable {
        private let state = Mutex<(lines: Set<String>, isOver: Bool)>(([], false))

        var all: Set<String> { state.withLock { $0.lines } }
        var isOver: Bool { state.withLock { $0.isOver } }
        func add(_ line: String) { state.withLock { _ = $0.lines.insert(line) } }
        func end() { state.withLock { $0.isOver = true } }
    }

    private let lines = Lines()

    init() throws {
        let descriptor = socket(AF_NETLINK, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), Self.connector)
        guard descriptor >= 0, Self.subscribe(descriptor) else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw HTTPFailure(description: "the kernel does not tell of programs that are started: \(reason)")
        }
        let lines = lines
        Thread { Self.read(descriptor, into: lines) }.start()
    }

    deinit { lines.end() }

    /// Arguments with a NUL after each, of every program so far.
    var commandLines: Set<String> { lines.all }

    private static func subscribe(_ descriptor: Int32) -> Bool {
        var (address, room, limit) = (Address(), Int32(8 << 20), timeval(tv_sec: 0, tv_usec: 100_000))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, socklen_t(MemoryLayout<Int32>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let isBound = withUnsafePointer(to: &address) { pointer in
            UnsafeRawPointer(pointer).withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<Address>.size)) == 0
            }
        }
        // Length, type (NLMSG_DONE) and flags, two numbers; whom it is for, two numbers, its length and flags; the request.
        let words: [UInt32] = [40, 3, 0, 0, processes, processes, 0, 0, 4, listen]
        let sent = words.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
        return isBound && sent == words.count * 4
    }

    private static func read(_ descriptor: Int32, into lines: Lines) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !lines.isOver {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count >= processOffset + 4 else { continue }
            let (kind, process) = buffer.withUnsafeBytes { bytes in
                (
                    bytes.loadUnaligned(fromByteOffset: kindOffset, as: UInt32.self),
                    bytes.loadUnaligned(fromByteOffset: processOffset, as: Int32.self)
                )
            }
            if kind == execution, let line = HostProcess.commandLine(of: Int(process)) { lines.add(line) }
        }
        close(descriptor)
    }
}
