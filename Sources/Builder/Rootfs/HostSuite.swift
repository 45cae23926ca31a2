import Core
import Crypto
import Foundation

/// The Debian suite of this machine, of which file systems for templates are made, too.
enum HostSuite {
    /// The code name in `/etc/os-release` (os-release(5)); `nil` when there is none.
    static func codeName(osRelease: String) -> String? {
        for line in osRelease.split(whereSeparator: \.isNewline) where line.hasPrefix("VERSION_CODENAME=") {
            let name = line.dropFirst("VERSION_CODENAME=".count).filter { $0 != "\"" && $0 != "'" }
            let isPlain = name.utf8.allSatisfy { 0x61...0x7a ~= $0 || 0x30...0x39 ~= $0 }
            return name.isEmpty || !isPlain ? nil : String(name)
        }
        return nil
    }

    static func current() throws(PlatformError) -> String {
        let text = FileManager.default.contents(atPath: "/etc/os-release").map { String(decoding: $0, as: UTF8.self) }
        guard let suite = codeName(osRelease: text ?? "") else {
            throw PlatformError(
                .unavailable, "this server's system has no code name in /etc/os-release: templates cannot name packages"
            )
        }
        return suite
    }
}

extension Rootfs {
    /// Counts what we add to the packages: file systems that were made in another way are made anew.
    private static let version = 1

    init(suite: String, packages: [String]) {
        let names = Set(packages).sorted()
        let text = "\(Self.version) \(suite) \(names.joined(separator: "\n"))"
        let key = SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
        self.init(key: key, suite: suite, packages: names)
    }
}
