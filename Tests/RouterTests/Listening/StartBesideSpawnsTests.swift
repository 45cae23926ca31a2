import Core
import Glibc
import Logging
import TestSupport
import Testing

@testable import Router

/// A program that is being started holds a copy of every open descriptor until it takes its own image (execve(2)): what the
/// router has closed by then still listens.
@Suite struct StartBesideSpawnsTests {
    @Test func theAddressIsItsOwnWhateverIsStartedMeanwhile() async throws {
        var configuration = RouterConfiguration()
        configuration.workers = 2
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let isOver = Shared(false)
        async let first: Void = onThread { while !isOver.value { spawnTrue() } }
        async let second: Void = onThread { while !isOver.value { spawnTrue() } }
        async let third: Void = onThread { while !isOver.value { spawnTrue() } }
        async let fourth: Void = onThread { while !isOver.value { spawnTrue() } }
        defer { isOver.update { $0 = true } }
        for _ in 0..<200 {
            configuration.port = freePort()
            let service = ProxyService(configuration: configuration, routes: RouteTableBox(), logger: logger)
            try await service.start()
            await service.shutdown(within: .zero)
        }
        isOver.update { $0 = true }
        _ = try await (first, second, third, fourth)
    }
}

/// Taken and given back without listening, so that a copy of the descriptor is in nobody's way.
private func freePort() -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var address = loopback(port: 0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            _ = bind(descriptor, $0, size)
            getsockname(descriptor, $0, &size)
        }
        return Int(UInt16(bigEndian: pointer.pointee.sin_port))
    }
}

private func spawnTrue() {
    var pid: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
    defer { free(arguments[0]) }
    guard posix_spawn(&pid, "/bin/true", nil, nil, &arguments, nil) == 0 else { return }
    waitpid(pid, nil, 0)
}
