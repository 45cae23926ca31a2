import Core
import Glibc
import Testing

@testable import Router

@Suite(.serialized) struct ManyConnectionsTests {
    /// Or as many as the limit of open files allows: both ends are in this process, and so are other tests.
    @Test func attack27TenThousandIdleConnectionsLeaveRoomForARequest() async throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let count = min(10_000, Int(clamping: limit.rlim_cur) / 4)
        try #require(count > 100)
        let site = try TestSite(["index.html": "x"])
        try await TestRouter.with(["app.localhost": site.target]) { router async throws in
            let port = router.port
            let statuses = try await onThread {
                let idle = try (0..<count).map { _ in try RawConnection(port: port) }
                // Some in the middle of a head, some after an answer.
                for (index, connection) in idle.enumerated() where index % 10 == 0 { try connection.write("GET / HT") }
                let statuses = try (0..<20).map { _ in try RawConnection(port: port).get().status }
                return try statuses + [#require(idle.last).get().status]
            }
            #expect(statuses.allSatisfy { $0 == 200 })
        }
    }

    /// Generous: other tests of the process use memory as well.
    @Test(arguments: [true, false])
    func aBodyOfAnySizeTakesNoMemory(isUpload: Bool) async throws {
        let total = 300 * 1024 * 1024
        let stub = try StubUpstream { connection in
            _ = try connection.readHead()
            if isUpload {
                var count = 0
                while count < total { count += try connection.readSome(256 * 1024).count }
                try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            } else {
                try connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
                let part = [UInt8](repeating: 7, count: 1024 * 1024)
                for _ in 0..<300 { try connection.write(part) }
            }
        }
        defer { stub.close() }
        try await TestRouter.with(["app.localhost": stub.target]) { router async throws in
            let before = residentBytes()
            let peak = try await router.client { connection throws in
                var peak = 0
                if isUpload {
                    try connection.write("PUT / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: \(total)\r\n\r\n")
                    let part = [UInt8](repeating: 7, count: 1024 * 1024)
                    for _ in 0..<300 {
                        try connection.write(part)
                        peak = max(peak, residentBytes())
                    }
                    _ = try connection.readResponse()
                } else {
                    try connection.write("GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
                    _ = try connection.readHead()
                    var count = 0
                    while count < total {
                        count += try connection.readSome(256 * 1024).count
                        peak = max(peak, residentBytes())
                    }
                }
                return peak
            }
            #expect(peak - before < total)
        }
    }
}
