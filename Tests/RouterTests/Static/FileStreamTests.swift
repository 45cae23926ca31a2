import Glibc
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Router

@Suite struct FileStreamTests {
    /// The second close of a descriptor would be one of whatever has its number by then.
    @Test func aFileThatCannotBeReadIsGivenBackOnce() async throws {
        let released = Shared(0)
        try await ChannelBench.withLoop { loop in
            try await loop.submit {
                // Never started: what is asked of it fails.
                let threads = NIOThreadPool(numberOfThreads: 1)
                let routes = RouteTableBox()
                let worker = Worker(
                    eventLoop: loop, configuration: RouterConfiguration(), routes: routes,
                    files: SiteFiles(cache: routes.siteCache, pool: threads, maximumCached: 1), lookups: threads,
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
                let front = FrontHandler(
                    worker: worker, forwarding: ForwardingFields(address: "127.0.0.1", isSecure: true))
                let channel = StreamChannel(
                    socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0), remote: nil, on: loop,
                    waterMark: .init(65_536))
                channel.attach(front)
                front.fileStream = FileStream(
                    front: front, descriptor: -1, pieces: [.file(0..<10)],
                    released: { released.update { $0 += 1 } }, finished: {})
                front.fileStream?.resume()
            }.get()
            try await eventually("the end") { released.value > 0 }
            try await loop.submit {}.get()
            #expect(released.value == 1)
        }
    }
}
