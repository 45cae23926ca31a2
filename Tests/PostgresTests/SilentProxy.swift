import Foundation
import Synchronization

/// Stands between clients and a server on this machine and passes everything on, until it is told to fall silent: from
/// then on it takes what comes and answers nothing, as a server does that hangs.
final class SilentProxy: Sendable {
    private struct State {
        var isSilent = false
        var isReading = true
        var trigger: [UInt8]?
        var descriptors: Set<Int32> = []
        var open = 0
        var mostAtOnce = 0
    }

    let port: Int
    private let listener: Int32
    private let server: Int
    private let state = Mutex(State())

    /// - Parameter server: the port on 127.0.0.1 that is passed on to.
    init(to server: Int) throws {
        self.server = server
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in accept() }
    }

    /// Every connection falls silent, those to come too.
    func fallSilent() { state.withLock { $0.isSilent = true } }

    /// What the server answers is no longer taken from it, as by a client that does not read.
    func stopReading() { state.withLock { $0.isReading = false } }

    /// The connection falls silent on which a client next sends `text`; what it sends then never arrives.
    func fallSilent(at text: String) { state.withLock { $0.trigger = Array(text.utf8) } }

    /// Connections to come are passed on again.
    func speak() {
        state.withLock {
            $0.isSilent = false
            $0.trigger = nil
        }
    }

    /// How many clients were connected at once at most.
    var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }

    func close() {
        let descriptors = state.withLock { state in
            state.isReading = true
            return state.descriptors
        }
        // Threads that wait on them end, and close them.
        for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { break }
            let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.loopback(port: server)
            _ = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            state.withLock { state in
                state.descriptors.formUnion([client, upstream])
                state.open += 1
                state.mostAtOnce = max(state.mostAtOnce, state.open)
            }
            let link = Link()
            Thread.detachNewThread { [self] in pass(from: client, to: upstream, link) }
            Thread.detachNewThread { [self] in pass(from: upstream, to: client, link, isAnswer: true) }
        }
        Glibc.close(listener)
    }

    private func pass(from source: Int32, to target: Int32, _ link: Link, isAnswer: Bool = false) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            while isAnswer, !state.withLock({ $0.isReading }) { usleep(1000) }
            let count = read(source, &buffer, buffer.count)
            guard count > 0 else { break }
            let isMuted = state.withLock { state in
                if !isAnswer, let trigger = state.trigger, contains(buffer[..<count], trigger) {
                    state.trigger = nil
                    link.mute()
                }
                if state.isSilent { link.mute() }
                return link.isMuted
            }
            if isMuted { continue }
            var sent = 0
            while sent < count {
                let step = buffer[sent..<count].withUnsafeBytes {
                    send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard step > 0 else { break }
                sent += step
            }
        }
        shutdown(target, Int32(SHUT_RDWR))
        if link.end() {
            state.withLock { state in
                state.descriptors.subtract([source, target])
                state.open -= 1
            }
            Glibc.close(source)
            Glibc.close(target)
        }
    }

    private func contains(_ bytes: ArraySlice<UInt8>, _ text: [UInt8]) -> Bool {
        bytes.indices.contains { bytes[$0...].starts(with: text) }
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = UInt16(port).bigEndian
        return address
    }

    /// One connection through the proxy.
    private final class Link: Sendable {
        private let state = Mutex((isMuted: false, ended: 0))

        var isMuted: Bool { state.withLock { $0.isMuted } }
        func mute() { state.withLock { $0.isMuted = true } }
        /// True for the second of its two directions.
        func end() -> Bool {
            state.withLock {
                $0.ended += 1
                return $0.ended == 2
            }
        }
    }
}
