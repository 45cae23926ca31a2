import Foundation

/// The other servers that `_redirects` may name.
enum RedirectOrigin {
    /// A redirect may lead to any http or https URL; an answer may only be fetched over https from a public name.
    static func check(_ url: String, status: Int) throws(SiteRulesFile.Fault) {
        guard let scheme = url.range(of: "://") else { throw .init("the destination is neither a path nor a URL") }
        let name = url[..<scheme.lowerBound].lowercased()
        guard name == "https" || name == "http" else { throw .init("the destination must be http:// or https://") }
        let authority = url[scheme.upperBound...].prefix { !"/?#".contains($0) }
        guard !authority.isEmpty, !authority.contains("@") else { throw .init("the destination has no plain host") }
        let colons = authority.split(separator: ":", omittingEmptySubsequences: false)
        let isHost =
            !colons[0].isEmpty
            && colons[0].utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20) || byte == 0x2d || byte == 0x2e
            }
        let isPort =
            colons.count == 1
            || colons.count == 2 && (1...5).contains(colons[1].count)
                && colons[1].allSatisfy { $0.isASCII && $0.isNumber }
        guard isHost, isPort else { throw .init("the destination's host must be a plain name") }
        guard status == 200 || status == 404 else { return }
        guard status == 200 else { throw .init("a 404 page must be one of the site's own") }
        guard name == "https" else { throw .init("an answer can only be fetched over https") }
        let labels = colons[0].lowercased().split(separator: ".")
        guard labels.count > 1, let top = labels.last, top.contains(where: \.isLetter),
            !["localhost", "local", "internal", "arpa", "test", "invalid", "onion"].contains(top)
        else { throw .init("an answer can only be fetched from a public name") }
    }
}
