/// How a page is written.
enum PageFormat: Equatable, Sendable, CaseIterable {
    case html, json, text

    /// The first of the three that an Accept header names; `*/*`, which is what curl and git send, gets text. Quality
    /// values only count when they are 0 (RFC 9110 section 12.5.1).
    init(accept: UnsafeRawBufferPointer) {
        var found: PageFormat?
        ConnectionOptions.forEachElement(accept) { element in
            guard found == nil else { return }
            let end = element.firstIndex(of: UInt8(ascii: ";")) ?? element.count
            let range = UnsafeRawBufferPointer(rebasing: element[element.trimmingWhitespace(0..<end)])
            let parameters = String(decoding: element[end...], as: UTF8.self).filter { $0 != " " && $0 != "\t" }
            guard parameters != ";q=0", !parameters.hasPrefix(";q=0.0") else { return }
            if range.equalsFolded("text/html") || range.equalsFolded("application/xhtml+xml") {
                found = .html
            } else if range.equalsFolded("application/json") {
                found = .json
            } else if range.equalsFolded("text/plain") {
                found = .text
            }
        }
        self = found ?? .text
    }

    var mediaType: StaticString {
        switch self {
        case .html: "text/html; charset=utf-8"
        case .json: "application/json"
        case .text: "text/plain; charset=utf-8"
        }
    }
}
