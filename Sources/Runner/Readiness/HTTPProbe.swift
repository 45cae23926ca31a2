import Glibc

/// One question to a process: does the port accept, and does it answer HTTP?
struct HTTPProbe: Sendable {
    /// What was seen.
    enum Outcome: Sendable, Hashable {
        case answered(status: Int)
        /// Seen only when no path is asked for.
        case accepted
        case refused
        /// Neither accepted nor refused in time.
        case unreachable(String)
        case acceptedButSilent
        case closedWithoutAnswer
        case notHTTP

        /// Below 500: the process serves, even if it has nothing at this path.
        var isReady: Bool {
            switch self {
            case .answered(let status): (100..<500).contains(status)
            case .accepted: true
            default: false
            }
        }

        var description: String {
            switch self {
            case .answered(let status): "answered with status \(status)"
            case .accepted: "accepted the connection"
            case .refused: "connection refused"
            case .unreachable(let reason): "no connection: \(reason)"
            case .acceptedButSilent: "accepted the connection, but did not answer"
            case .closedWithoutAnswer: "closed the connection without an answer"
            case .notHTTP: "answered, but not with HTTP"
            }
        }
    }

    let host: String
    let port: Int
    /// `nil` asks nothing: that the port accepts is the answer.
    let path: String?
    /// Time for one answer.
    var patience = Duration.seconds(5)

    /// Asks once. The socket never blocks; between looks at it the task sleeps, and it ends early when cancelled.
    func ask() async -> Outcome {
        let descriptor = socket(
            AF_INET, Int32(bitPattern: SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .unreachable(HostFiles.errnoText()) }
        defer { close(descriptor) }
        let deadline = ContinuousClock.now + patience
        if let failure = await connect(descriptor, until: deadline) { return failure }
        guard let path else { return .accepted }
        var unsent = Array(Self.request(path).utf8)[...]
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            guard await wait(descriptor, for: unsent.isEmpty ? POLLIN : POLLOUT, until: deadline) else {
                return .acceptedButSilent
            }
            if !unsent.isEmpty {
                let count = Array(unsent).withUnsafeBytes {
                    send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count < 0, errno != EAGAIN { return .closedWithoutAnswer }
                unsent = unsent.dropFirst(max(0, count))
                continue
            }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN { continue }
            guard count > 0 else { return received.isEmpty ? .closedWithoutAnswer : .notHTTP }
            received += buffer[..<count]
            switch Self.status(in: received) {
            case .status(let status): return .answered(status: status)
            case .malformed: return .notHTTP
            case .incomplete: continue
            }
        }
    }

    enum StatusLine: Hashable {
        case status(Int)
        case incomplete
        case malformed
    }

    /// Reads `HTTP/1.1 200` at the beginning of `bytes` (RFC 9112 section 4).
    static func status(in bytes: [UInt8]) -> StatusLine {
        let prefix = Array("HTTP/1.".utf8)
        guard bytes.prefix(prefix.count) == prefix.prefix(bytes.count) else { return .malformed }
        guard bytes.count >= 12 else { return .incomplete }
        guard bytes[8] == UInt8(ascii: " "), let status = Int(String(decoding: bytes[9..<12], as: UTF8.self)),
            (100...599).contains(status)
        else { return .malformed }
        return .status(status)
    }

    private static func request(_ path: String) -> String {
        "GET \(path) HTTP/1.1\r\nHost: localhost\r\nUser-Agent: berth-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    }

    private func connect(_ descriptor: Int32, until deadline: ContinuousClock.Instant) async -> Outcome? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return .unreachable("bad address") }
        let started = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if started == 0 { return nil }
        guard errno == EINPROGRESS else { return Self.failure(errno) }
        guard await wait(descriptor, for: POLLOUT, until: deadline) else { return .unreachable("timed out") }
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 else {
            return .unreachable(HostFiles.errnoText())
        }
        return error == 0 ? nil : Self.failure(error)
    }

    private static func failure(_ code: Int32) -> Outcome {
        code == ECONNREFUSED ? .refused : .unreachable(HostFiles.errnoText(code))
    }

    /// True when the socket has something to tell, false when time is up.
    private func wait(_ descriptor: Int32, for events: Int32, until deadline: ContinuousClock.Instant) async -> Bool {
        let begun = ContinuousClock.now
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            if poll(&entry, 1, 0) > 0 { return true }
            let now = ContinuousClock.now
            let pause = min(max((now - begun) / 8, .milliseconds(1)), .milliseconds(10))
            guard now < deadline, (try? await Task.sleep(for: pause)) != nil else { return false }
        }
    }
}
