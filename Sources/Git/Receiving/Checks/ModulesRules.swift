/// What a `.gitmodules` file may say (git's `fsck_gitmodules_fn`, CVE-2018-11235, CVE-2018-17456, CVE-2019-19604,
/// CVE-2020-5260, CVE-2020-11008).
enum ModulesRules {
    /// Bytes of such a file that are read; more are refused.
    static let sizeLimit = 4 << 20

    /// Throws `.refused` for the first fault. A file that git cannot parse is read as far as git reads it.
    static func check(_ bytes: UnsafeRawBufferPointer, id: ObjectID) throws(GitError) {
        var reader = ConfigReader(bytes)
        while let variable = reader.next() {
            guard variable.section == Array("submodule".utf8), let name = variable.subsection else { continue }
            guard isName(name) else { throw refuse(.gitmodulesName, id, "a submodule's name is not allowed", name) }
            guard let value = variable.value else { continue }
            switch String(decoding: variable.key, as: UTF8.self) {
            case "url":
                guard isURL(value) else { throw refuse(.gitmodulesUrl, id, "a submodule's URL is not allowed", value) }
            case "path" where value.first == UInt8(ascii: "-"):
                throw refuse(.gitmodulesPath, id, "a submodule's path is not allowed", value)
            case "update" where value.first == UInt8(ascii: "!"):
                throw refuse(.gitmodulesUpdate, id, "a submodule's update command is not allowed", value)
            default: break
            }
        }
    }

    /// Not empty, and no part of it is `..` (`check_submodule_name`).
    private static func isName(_ name: [UInt8]) -> Bool {
        !name.isEmpty
            && !name.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
                .contains { $0.elementsEqual("..".utf8) }
    }

    /// `check_submodule_url`, and no transport helper that runs what the URL says.
    private static func isURL(_ url: [UInt8]) -> Bool {
        if url.first == UInt8(ascii: "-") { return false }
        for helper in ["ext::", "fd::"] where url.starts(with: helper.utf8) { return false }
        if url.starts(with: "./".utf8) || url.starts(with: "../".utf8) || url.starts(with: "git://".utf8) {
            if decoded(url).contains(UInt8(ascii: "\n")) { return false }
            var rest = url[...]
            var dots = 0
            while true {
                if rest.starts(with: "../".utf8) {
                    rest = rest.dropFirst(3)
                    dots += 1
                } else if rest.starts(with: "./".utf8) {
                    rest = rest.dropFirst(2)
                } else {
                    break
                }
            }
            return dots == 0 || (rest.first != UInt8(ascii: ":") && rest.first != UInt8(ascii: "/"))
        }
        for scheme in ["http", "https", "ftp", "ftps"] {
            if url.starts(with: "\(scheme)::".utf8) { return isWebAddress(url.dropFirst(scheme.utf8.count + 2)) }
            if url.starts(with: "\(scheme)://".utf8) { return isWebAddress(url[...]) }
        }
        return true
    }

    /// A scheme, a host, and no line end in any part once it is decoded (`credential_from_url_gently`).
    private static func isWebAddress(_ url: ArraySlice<UInt8>) -> Bool {
        let text = Array(url)
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > 0, text[colon...].starts(with: "://".utf8)
        else { return false }
        let rest = text[(colon + 3)...]
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        let host = authority.firstIndex(of: UInt8(ascii: "@")).map { authority[($0 + 1)...] } ?? authority
        return !host.isEmpty && !decoded(text).contains(UInt8(ascii: "\n"))
    }

    /// With `%0a` and its like undone.
    private static func decoded(_ text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "%"), index + 2 < text.count,
                let byte = UInt8(String(decoding: text[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                output.append(byte)
                index += 3
            } else {
                output.append(text[index])
                index += 1
            }
        }
        return output
    }

    private static func refuse(_ rule: FsckRule, _ id: ObjectID, _ what: String, _ text: [UInt8]) -> GitError {
        rule.refusal("blob", id, "\(what): \"\(ShownText.of(String(decoding: text, as: UTF8.self), limit: 200))\"")
    }
}
