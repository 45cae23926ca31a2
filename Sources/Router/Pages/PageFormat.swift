/// How a page is written.
enum PageFormat: Equatable, Sendable, CaseIterable {
    case html, json, text
    /// The shape of the API's errors, on its host.
    case envelope

    /// What an Accept header wants most (RFC 9110 section 12.5.1); the first of equals. `*/*`, which is what curl and git
    /// send, gets text.
    init(accept: UnsafeRawBufferPointer) {
        var wishes: [Wish] = []
        ConnectionOptions.forEachElement(accept) { if let wish = Wish($0) { wishes.append(wish) } }
        var (best, bestWish) = (PageFormat.text, 0)
        // In the order in which they are named; text last, as what everybody can read.
        let named = wishes.flatMap { wish in [PageFormat.html, .json, .text].filter { wish.precision($0) == 3 } }
        for format in named + [.text, .html, .json] {
            let matching = wishes.filter { $0.precision(format) > 0 }.max {
                $0.precision(format) < $1.precision(format)
            }
            guard let matching, matching.weight > bestWish else { continue }
            (best, bestWish) = (format, matching.weight)
        }
        self = best
    }

    /// A media range and its weight in thousandths.
    private struct Wish {
        let range: UnsafeRawBufferPointer
        let weight: Int

        /// `nil` for a weight that is none.
        init?(_ element: UnsafeRawBufferPointer) {
            var end = element.firstIndex(of: UInt8(ascii: ";")) ?? element.count
            range = UnsafeRawBufferPointer(rebasing: element[element.trimmingWhitespace(0..<end)])
            while end < element.count {
                let start = end + 1
                end = element[start...].firstIndex(of: UInt8(ascii: ";")) ?? element.count
                let parameter = UnsafeRawBufferPointer(rebasing: element[element.trimmingWhitespace(start..<end)])
                guard parameter.count > 1, ByteClass.lowered(parameter[0]) == UInt8(ascii: "q"),
                    parameter[1] == UInt8(ascii: "=")
                else { continue }
                guard let weight = QualityValue.parse(parameter) else { return nil }
                self.weight = weight
                return
            }
            weight = 1000
        }

        /// 3 for the very type, 2 for all of its family, 1 for everything, 0 for something else.
        func precision(_ format: PageFormat) -> Int {
            if range.equalsFolded("*/*") { return 1 }
            switch format {
            case .html:
                if range.equalsFolded("text/html") || range.equalsFolded("application/xhtml+xml") { return 3 }
                return range.equalsFolded("text/*") ? 2 : 0
            case .json, .envelope:
                if range.equalsFolded("application/json") { return 3 }
                return range.equalsFolded("application/*") ? 2 : 0
            case .text:
                if range.equalsFolded("text/plain") { return 3 }
                return range.equalsFolded("text/*") ? 2 : 0
            }
        }
    }

    var mediaType: StaticString {
        switch self {
        case .html: "text/html; charset=utf-8"
        case .json, .envelope: "application/json"
        case .text: "text/plain; charset=utf-8"
        }
    }
}
