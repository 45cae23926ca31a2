import Core
import Dispatch
import Foundation
import Synchronization

/// Keeps what is known of replaced releases in a file, so that pages which are open in browsers find their hashed files after
/// a restart of the server as well.
final class FormerFiles: Sendable {
    /// A replaced release at one hostname.
    struct Entry: Codable {
        let release: String
        let site: StaticSite
        /// Seconds since 1970.
        let until: Double
    }

    private let path: String
    private let queue = DispatchQueue(label: "berth.router.former")
    private let restored: Mutex<[String: [Entry]]>
    private let waiting = Mutex<[String: [PublishedSite.Former]]?>(nil)

    /// Reads the file; one that is not there or damaged counts as empty. Blocks.
    init(path: String) {
        self.path = path
        let data = FileManager.default.contents(atPath: path) ?? Data()
        restored = Mutex((try? JSONDecoder().decode([String: [Entry]].self, from: data)) ?? [:])
    }

    /// What answered at a hostname before the restart, besides `release`; handed out once.
    func take(_ hostname: String, besides release: ID<Release>) -> [PublishedSite.Former] {
        let entries = restored.withLock { $0.removeValue(forKey: hostname) } ?? []
        return entries.compactMap { entry in
            let left = entry.until - Date().timeIntervalSince1970
            guard left > 0, let id = ID<Release>(entry.release), id != release else { return nil }
            return .init(site: PublishedSite(release: id, site: entry.site), until: .now + .seconds(left))
        }
    }

    /// Writes the file, soon and not on the caller's thread. The last call wins.
    func save(_ sites: [String: [PublishedSite.Former]]) {
        let starts = waiting.withLock { waiting in
            defer { waiting = sites }
            return waiting == nil
        }
        if starts { queue.async { self.write() } }
    }

    /// Waits until everything is written.
    func finish() { queue.sync {} }

    private func write() {
        let sites = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting ?? [:]
        }
        let (now, clock) = (Date().timeIntervalSince1970, ContinuousClock.now)
        // Hostnames that nobody has published again.
        var entries = restored.withLock { $0 }.mapValues { $0.filter { $0.until > now } }.filter { !$0.value.isEmpty }
        for (hostname, list) in sites where !list.isEmpty {
            entries[hostname] = list.map { former in
                let left = (former.until - clock) / .seconds(1)
                return Entry(release: former.site.release.description, site: former.site.site, until: now + left)
            }
        }
        guard let data = try? JSONEncoder().encode(entries) else { return }
        try? data.write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
