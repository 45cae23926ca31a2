import Foundation
import Git
import Testing

@testable import GitServer

/// What is read from strangers, fed with seeded rubbish: it may be refused, never more. `BERTH_FUZZ_SECONDS` makes each
/// test go on for so long, with a new seed every thousand rounds.
@Suite struct FuzzTests {
    /// SplitMix64: the same numbers for the same seed.
    struct Randomness: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
            return value ^ value >> 31
        }
    }

    private static let one = String(repeating: "1", count: 40)
    private static let zero = String(repeating: "0", count: 40)
    /// Words that requests are made of.
    private static let lines = [
        "want \(one)", "want \(one) multi_ack_detailed side-band-64k filter thin-pack", "have \(one)", "done",
        "deepen 3",
        "deepen-since 5", "deepen-not x", "deepen-relative", "shallow \(one)", "filter blob:none",
        "filter combine:tree%3A1+blob:limit=1k", "command=fetch", "command=ls-refs", "command=object-info", "agent=x",
        "object-format=sha1", "ref-prefix refs/", "peel", "symrefs", "unborn", "size", "oid \(one)", "wait-for-done",
        "\(zero) \(one) refs/heads/a\0report-status atomic push-options", "\(one) \(zero) refs/heads/b", "push-cert\0x",
        "option", "", "\u{0}", "want ", "have \(one.dropLast())", "deepen 99999999999999999999",
        "deepen -9223372036854775808",
    ]

    private static func rounds(_ seed: UInt64, _ body: (inout Randomness) -> Void) {
        let seconds = Double(ProcessInfo.processInfo.environment["BERTH_FUZZ_SECONDS"] ?? "") ?? 0
        let deadline = ContinuousClock.now + .seconds(seconds)
        var batch: UInt64 = 0
        repeat {
            var randomness = Randomness(state: seed &+ batch &* 1_000_003)
            for _ in 0..<(seconds > 0 ? 1000 : 4000) { body(&randomness) }
            batch += 1
        } while ContinuousClock.now < deadline
    }

    private static let corpus = (try? RequestCorpus.all())?.map(\.bytes).filter { $0.count < 4096 } ?? []

    /// Packets of known words or of a request of the corpus, changed in a few bytes.
    private static func request(_ randomness: inout Randomness) -> [UInt8] {
        var bytes: [UInt8] = []
        if Int.random(in: 0...3, using: &randomness) == 0 { bytes = corpus.randomElement(using: &randomness) ?? [] }
        for _ in 0..<Int.random(in: 0...8, using: &randomness) {
            switch Int.random(in: 0...9, using: &randomness) {
            case 0: bytes += PktLine.flush
            case 1: bytes += PktLine.delimiter
            case 2: bytes += Array("0002".utf8)
            default: PktLine.append(Array((lines.randomElement(using: &randomness) ?? "").utf8), to: &bytes)
            }
        }
        guard !bytes.isEmpty else { return bytes }
        for _ in 0..<Int.random(in: 0...3, using: &randomness) {
            let index = Int.random(in: 0..<bytes.count, using: &randomness)
            switch Int.random(in: 0...3, using: &randomness) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &randomness)
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &randomness)
            case 2: bytes.removeLast(bytes.count - index)
            default: bytes.insert(UInt8.random(in: 0...255, using: &randomness), at: index)
            }
            if bytes.isEmpty { break }
        }
        return bytes
    }

    /// The packets of some bytes that come in pieces, until they make no sense.
    private static func packets(_ bytes: [UInt8], _ randomness: inout Randomness) -> [Packet] {
        var parser = PacketParser()
        var packets: [Packet] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...64, using: &randomness))
            rest = rest.dropFirst(piece.count)
            parser.append(piece)
            do throws(PacketParser.Failure) {
                while let packet = try parser.next() { packets.append(packet) }
            } catch {
                break
            }
        }
        return packets
    }

    @Test func packetsSurviveAnyCutting() {
        Self.rounds(1) { randomness in
            let bytes = Self.request(&randomness)
            let (one, other) = (Self.packets(bytes, &randomness), Self.packets(bytes, &randomness))
            #expect(one == other)
        }
    }

    @Test func packetsOfNoiseAreReadOrRefused() {
        Self.rounds(2) { randomness in
            let count = Int.random(in: 0...300, using: &randomness)
            let digits = Array("0123456789abcdefg\0\n".utf8)
            let bytes = (0..<count).map { _ in digits.randomElement(using: &randomness) ?? 0 }
            var size = 0
            for case .data(let payload) in Self.packets(bytes, &randomness) { size += payload.count + 4 }
            #expect(size <= bytes.count)
        }
    }

    @Test func fetchRequestsAreReadOrRefused() {
        Self.rounds(3) { randomness in
            for version in [GitProtocolVersion.v0, .v1, .v2] {
                var parser = UploadRequestParser(version: version, limits: FetchLimits(wants: 4, haves: 4))
                do throws(ProtocolError) {
                    for packet in Self.packets(Self.request(&randomness), &randomness) { try parser.take(packet) }
                    if case .fetch(let fetch) = try parser.finish() {
                        #expect(fetch.wants.count <= 4 && fetch.steps.count <= 5)
                        _ = try fetch.deepening.resolved(in: ReferenceSnapshot(head: nil, references: []))
                    }
                } catch {
                    #expect(!error.message.utf8.contains { $0 < 0x20 && $0 != 0x09 })
                }
            }
        }
    }

    @Test func pushRequestsAreReadOrRefused() {
        Self.rounds(4) { randomness in
            var parser = PushRequestParser(PushLimits(commands: 3, nameBytes: 100, options: 2, optionBytes: 100))
            do throws(ProtocolError) {
                for packet in Self.packets(Self.request(&randomness), &randomness) where !parser.isComplete {
                    try parser.take(packet)
                }
                #expect(parser.request.commands.count <= 3)
                let snapshot = ReferenceSnapshot(head: "refs/heads/main", references: [])
                let checks = PushChecks(parser.request, view: PusherView([:]), snapshot: snapshot)
                #expect(checks.verdicts.count == parser.request.commands.count)
            } catch {
                #expect(!error.message.utf8.contains { $0 < 0x20 && $0 != 0x09 })
            }
        }
    }

    @Test func filtersAndNamesAreReadOrRefused() {
        Self.rounds(5) { randomness in
            let parts = [
                "combine:", "blob:none", "tree:", "%", "+", "9", "k", "blob:limit=", "%2B", "refs/", "/", "é", ".",
            ]
            var text = ""
            for _ in 0..<Int.random(in: 0...10, using: &randomness) {
                text += parts.randomElement(using: &randomness) ?? ""
            }
            _ = try? FilterSpecification.parse(text)
            let name = Array("refs/heads/\(text)".utf8)
            if ReferenceName.isValid(name) { #expect(!text.contains("..") && !text.hasSuffix("/")) }
            _ = ClientAddress.of(text)
            _ = GitAuthentication.credentials("Basic \(text)")
        }
    }
}
