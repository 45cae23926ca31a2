import Glibc
import NIOCore
import Testing

@testable import Router

/// Over a pair of sockets that do not block.
@Suite struct PendingWritesTests {
    private final class Pair {
        let near: CInt
        let far: CInt

        init() {
            var both: [CInt] = [-1, -1]
            let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            _ = socketpair(AF_UNIX, kind, 0, &both)
            near = both[0]
            far = both[1]
        }

        deinit {
            close(near)
            close(far)
        }

        /// What has come, at most `limit`.
        func read(_ limit: Int = 65_536) -> [UInt8] {
            var part = [UInt8](repeating: 0, count: limit)
            let count = recv(far, &part, limit, 0)
            return count > 0 ? Array(part.prefix(count)) : []
        }

        func readAll() -> [UInt8] {
            var all: [UInt8] = []
            while true {
                let part = read()
                if part.isEmpty { return all }
                all += part
            }
        }
    }

    /// Makes promises, and sees to it that none is forgotten.
    private final class Promises {
        private let loop: SocketLoop
        private var made: [EventLoopPromise<Void>] = []

        init() throws { loop = try SocketLoop(name: "test-promises") }

        deinit {
            for promise in made { promise.succeed() }
            loop.stop {}
        }

        func make() -> EventLoopPromise<Void> {
            let promise = loop.makePromise(of: Void.self)
            made.append(promise)
            return promise
        }
    }

    /// An open file without a name.
    private static func file(_ text: String) -> NIOFileHandle {
        var name = Array("/tmp/berth-writes-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        unlink(name)
        _ = Glibc.write(descriptor, text, text.utf8.count)
        return NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
    }

    private static func buffer(_ text: String) -> IOData { .byteBuffer(ByteBuffer(string: text)) }

    /// Sends until all is sent that may be, or there is no room. Returns how many bytes were taken.
    private static func send(_ writes: inout PendingWrites, _ descriptor: CInt) -> Int {
        var sent = 0
        while writes.hasFlushed {
            switch writes.send(to: descriptor) {
            case .sent(let count): sent += count
            case .full(let count): return sent + count
            case .failed(let code):
                Issue.record("error \(code)")
                return sent
            }
        }
        return sent
    }

    @Test func onlyWhatIsFlushedIsSent() {
        let pair = Pair()
        var writes = PendingWrites()
        func step() -> PendingWrites.Step { writes.send(to: pair.near) }
        writes.append(Self.buffer("sent"), nil)
        writes.flush()
        writes.append(Self.buffer("kept"), nil)
        #expect(writes.bytes == 8)
        #expect(step() == .sent(4))
        #expect(!writes.hasFlushed && !writes.isEmpty && writes.bytes == 4)
        #expect(pair.read() == Array("sent".utf8))
        writes.flush()
        #expect(step() == .sent(4))
        #expect(writes.isEmpty && !writes.hasFlushed && writes.bytes == 0)
        #expect(pair.read() == Array("kept".utf8))
    }

    @Test func emptyBuffersAreDoneInTheirTurn() throws {
        let (pair, promises) = (Pair(), try Promises())
        let made = (0..<5).map { _ in promises.make() }
        var writes = PendingWrites()
        func step() -> PendingWrites.Step { writes.send(to: pair.near) }
        func all() -> Int { Self.send(&writes, pair.near) }
        writes.append(Self.buffer(""), made[0])
        writes.append(Self.buffer(""), made[1])
        writes.flush()
        #expect(step() == .sent(0))
        #expect(writes.completed == Array(made[..<2]))
        #expect(writes.isEmpty)
        writes.append(Self.buffer(""), made[2])
        writes.append(Self.buffer("x"), made[3])
        writes.append(Self.buffer(""), made[4])
        writes.flush()
        #expect(all() == 1)
        #expect(writes.completed == made)
        #expect(writes.isEmpty && pair.readAll() == [0x78])
    }

    @Test func manySmallBuffersGoOutTogether() {
        let pair = Pair()
        var writes = PendingWrites()
        let text = (0..<200).map { "\($0)," }
        for part in text { writes.append(Self.buffer(part), nil) }
        writes.flush()
        var calls = 0
        while writes.hasFlushed, calls < 200 {
            guard case .sent = writes.send(to: pair.near) else { break }
            calls += 1
        }
        #expect(calls == 4)
        #expect(writes.isEmpty && writes.bytes == 0)
        #expect(String(decoding: pair.readAll(), as: UTF8.self) == text.joined())
    }

    @Test func aBufferThatTheKernelTakesInPartsArrivesWhole() throws {
        let (pair, promises) = (Pair(), try Promises())
        let promise = promises.make()
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 % 251) }
        var writes = PendingWrites()
        func step() -> PendingWrites.Step { writes.send(to: pair.near) }
        writes.append(.byteBuffer(ByteBuffer(bytes: bytes)), promise)
        writes.flush()
        guard case .full(let count) = writes.send(to: pair.near) else {
            Issue.record("the kernel has taken all of it")
            return
        }
        #expect(writes.bytes == bytes.count - count)
        #expect(step() == .full(0))
        #expect(writes.completed.isEmpty)
        var got: [UInt8] = []
        while !writes.isEmpty {
            got += pair.readAll()
            _ = Self.send(&writes, pair.near)
        }
        got += pair.readAll()
        let isSame = got == bytes
        #expect(isSame)
        #expect(writes.completed == [promise])
    }

    @Test func filesGoOutBetweenBuffers() throws {
        let (pair, promises) = (Pair(), try Promises())
        let made = (0..<3).map { _ in promises.make() }
        let file = Self.file("0123456789")
        defer { try? file.close() }
        var writes = PendingWrites()
        func all() -> Int { Self.send(&writes, pair.near) }
        writes.append(Self.buffer("a"), made[0])
        writes.append(.fileRegion(FileRegion(fileHandle: file, readerIndex: 2, endIndex: 8)), made[1])
        writes.append(.fileRegion(FileRegion(fileHandle: file, readerIndex: 4, endIndex: 4)), nil)
        writes.append(Self.buffer("b"), made[2])
        writes.flush()
        #expect(writes.bytes == 8)
        #expect(all() == 8)
        #expect(String(decoding: pair.readAll(), as: UTF8.self) == "a234567b")
        #expect(writes.completed == made)
    }

    @Test func aFileThatHasBecomeShorterIsAnError() throws {
        let pair = Pair()
        let file = Self.file("0123456789")
        defer { try? file.close() }
        var writes = PendingWrites()
        func step() -> PendingWrites.Step { writes.send(to: pair.near) }
        writes.append(.fileRegion(FileRegion(fileHandle: file, readerIndex: 0, endIndex: 20)), nil)
        writes.flush()
        #expect(step() == .sent(10))
        #expect(step() == .failed(EIO))
        #expect(writes.bytes == 10)
    }

    @Test func aFileThatIsClosedIsAnError() throws {
        let pair = Pair()
        let file = Self.file("0123456789")
        try file.close()
        var writes = PendingWrites()
        func step() -> PendingWrites.Step { writes.send(to: pair.near) }
        writes.append(.fileRegion(FileRegion(fileHandle: file, readerIndex: 0, endIndex: 10)), nil)
        writes.flush()
        #expect(step() == .failed(EBADF))
    }

    /// And no signal.
    @Test func aPeerThatHasGoneIsAnError() throws {
        let promises = try Promises()
        let pair = Pair()
        shutdown(pair.far, CInt(SHUT_RD))
        var writes = PendingWrites()
        func step() -> PendingWrites.Step { writes.send(to: pair.near) }
        writes.append(Self.buffer("x"), promises.make())
        writes.append(Self.buffer("y"), promises.make())
        writes.flush()
        #expect(step() == .failed(EPIPE))
        #expect(writes.completed.isEmpty)
    }

    @Test func whatIsTakenOutLeavesItsPromisesAndNothingElse() throws {
        let (pair, promises) = (Pair(), try Promises())
        let made = (0..<4).map { _ in promises.make() }
        var writes = PendingWrites()
        func step() -> PendingWrites.Step { writes.send(to: pair.near) }
        writes.append(Self.buffer("a"), made[0])
        writes.flush()
        writes.append(Self.buffer("b"), made[1])
        #expect(step() == .sent(1))
        writes.append(Self.buffer("c"), nil)
        writes.append(Self.buffer("d"), made[2])
        let left = writes.removeAll()
        #expect(left == [made[1], made[2]])
        #expect(writes.isEmpty && !writes.hasFlushed && writes.bytes == 0)
        writes.append(Self.buffer("e"), made[3])
        writes.flush()
        #expect(step() == .sent(1))
        #expect(writes.completed == [made[0], made[3]])
        #expect(String(decoding: pair.readAll(), as: UTF8.self) == "ae")
    }

    @Test(arguments: 0..<4) func whateverIsWrittenArrivesInOrder(_ seed: Int) throws {
        let (pair, promises) = (Pair(), try Promises())
        var generator = SeededRandom(seed: UInt64(seed))
        var (writes, waiting, sent) = (PendingWrites(), 0, 0)
        var (written, got): ([UInt8], [UInt8]) = ([], [])
        var made: [EventLoopPromise<Void>] = []
        for round in 0..<30 {
            for _ in 0..<Int.random(in: 0..<100, using: &generator) {
                let size = [0, 1, 10, 200, 3000, 20_000].randomElement(using: &generator) ?? 0
                let part = [UInt8](repeating: UInt8.random(in: 0...255, using: &generator), count: size)
                let promise = Bool.random(using: &generator) ? promises.make() : nil
                if let promise { made.append(promise) }
                writes.append(.byteBuffer(ByteBuffer(bytes: part)), promise)
                written += part
                waiting += size
            }
            if round % 3 > 0 { writes.flush() }
            let count = Self.send(&writes, pair.near)
            waiting -= count
            sent += count
            #expect(writes.bytes == waiting)
            #expect(writes.completed == Array(made.prefix(writes.completed.count)))
            got += pair.read(Int.random(in: 1..<200_000, using: &generator))
        }
        writes.flush()
        while !writes.isEmpty {
            sent += Self.send(&writes, pair.near)
            got += pair.readAll()
        }
        got += pair.readAll()
        #expect(writes.bytes == 0 && sent == written.count)
        let isSame = got == written
        #expect(isSame)
        #expect(writes.completed == made)
    }
}
