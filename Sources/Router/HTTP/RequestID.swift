/// The value of `X-Request-Id`: names one request in every log on its way.
struct RequestID {
    /// What is taken from a client: 1 to 128 bytes that are harmless in a log line.
    static func isAcceptable(_ value: UnsafeRawBufferPointer) -> Bool {
        guard (1...128).contains(value.count) else { return false }
        for byte in value {
            let isLetter = ByteClass.lowered(byte) &- 0x61 < 26
            guard isLetter || ByteClass.isDigit(byte) || punctuation.contains(byte) else { return false }
        }
        return true
    }

    private static let punctuation: [UInt8] = Array("-_.:+=/".utf8)

    /// Makes ids for one event loop: a random half that tells loops and processes apart, and a counted half.
    struct Source {
        private let random = UInt64.random(in: .min ... .max)
        private var counter = UInt64.random(in: .min ... .max)

        mutating func next() -> RequestID {
            counter &+= 0x9e37_79b9_7f4a_7c15
            return RequestID(high: random, low: counter)
        }
    }

    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    static let length = 32

    var text: String {
        var bytes: [UInt8] = []
        write { bytes.append($0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes the 32 lower-case hex digits.
    func write(_ body: (UInt8) -> Void) {
        for word in [high, low] {
            for shift in stride(from: 60, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: word &>> UInt64(shift)) & 0xf
                body(digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
            }
        }
    }
}
