import Testing

@testable import Runner

@Suite struct ReadinessTests {
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n", HTTPProbe.StatusLine.status(200)), ("HTTP/1.0 404", .status(404)), ("HTT", .incomplete),
        ("", .incomplete), ("HTTP/1.1 2", .incomplete), ("SSH-2.0-x", .malformed), ("HTTP/1.1 abc", .malformed),
        ("HTTP/1.1 999", .malformed),
    ])
    func `a status line is read`(text: String, expected: HTTPProbe.StatusLine) {
        #expect(HTTPProbe.status(in: Array(text.utf8)) == expected)
    }

    @Test func `below 500 is ready`() {
        #expect(HTTPProbe.Outcome.answered(status: 404).isReady)
        #expect(!HTTPProbe.Outcome.answered(status: 500).isReady)
        #expect(!HTTPProbe.Outcome.refused.isReady)
    }

    @Test func `listening sockets are read from the kernel's table`() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
               1: 0502D20A:1F90 0102D20A:B0D6 01 00000000:00000000 00:00000000 00000000     0        0 2 1
            """
        #expect(ListeningSocket.parse(table) == [.init(address: "127.0.0.1", port: 3000, isLoopback: true)])
        let table6 = """
              sl  local_address                         remote_address                        st
               0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0
               1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0
            """
        #expect(
            ListeningSocket.parse(table6) == [
                .init(address: "[::]", port: 8080, isLoopback: false),
                .init(address: "[::1]", port: 80, isLoopback: true),
            ])
    }

    @Test func `back-off doubles up to its limit and begins anew after a stable minute`() {
        var backoff = RestartBackoff()
        let delays = (0..<11).map { _ in backoff.delay(after: .seconds(1)).milliseconds }
        #expect(delays == [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
        #expect(backoff.delay(after: .seconds(60)) == .milliseconds(100))
    }

    @Test func `an exit is told in words`() {
        #expect(ContainerExit(status: 3).description == "exited with status 3")
        #expect(ContainerExit(status: 139).description == "was killed by signal 11")
        #expect(
            ContainerExit(status: 137, outOfMemory: .ownLimit, memoryLimit: 256 << 20).description
                == "was killed: out of memory (limit 256 MiB)")
    }
}
