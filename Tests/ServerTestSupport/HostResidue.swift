import Foundation
import Testing

/// What a server has on the machine outside of its data folder, and what it must not leave in it.
package struct HostResidue: Sendable, CustomStringConvertible {
    package var containers: Set<String> = []
    /// Control groups of containers below `/berth/<node>` and `/berth-builds-<node>`, in whatever group they lie.
    package var groups: Set<String> = []
    /// Links of the bridge.
    package var interfaces: Set<String> = []
    /// Mounts of network namespaces.
    package var namespaces: Set<String> = []
    /// Other mounts below the data folder or the runtime folder.
    package var mounts: Set<String> = []
    /// Packs that were being received.
    package var packs: Set<String> = []

    package var isEmpty: Bool {
        containers.isEmpty && groups.isEmpty && interfaces.isEmpty && namespaces.isEmpty && mounts.isEmpty
            && packs.isEmpty
    }

    package var description: String {
        "containers \(containers.sorted()), cgroups \(groups.sorted()), interfaces \(interfaces.sorted()), "
            + "network namespaces \(namespaces.sorted()), mounts \(mounts.sorted()), packs \(packs.sorted())"
    }

    /// How many network namespaces wait ready made.
    private static let readyNetworks = 2

    /// What there is now. Works beside a running server and after it.
    package init(of berthd: Berthd) throws {
        let runtime = try berthd.runtimeFolder()
        let node = (runtime as NSString).lastPathComponent
        containers = Self.names(in: "\(runtime)/runc")
        for hierarchy in Self.names(in: "/sys/fs/cgroup").map({ "/\($0)" }) + [""] {
            for folder in ["berth/\(node)", "berth-builds-\(node)"] {
                groups.formUnion(Self.containerGroups(in: "/sys/fs/cgroup\(hierarchy)/\(folder)"))
            }
        }
        // Read to its end: reading it as a file of known size stops after the kernel's first page.
        let mounts = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/mountinfo")).readToEnd() ?? Data()
        let table = String(decoding: mounts, as: UTF8.self)
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 4 else { continue }
            let point = String(fields[4])
            if point.hasPrefix("\(runtime)/netns/") {
                namespaces.insert(point)
            } else if point.hasPrefix("\(runtime)/") || point.hasPrefix("\(berthd.data)/") {
                self.mounts.insert(point)
            }
        }
        if let bridge = berthd.bridge { interfaces = Self.names(in: "/sys/class/net/\(bridge)/brif") }
        packs = Set(berthd.incomingPacks())
    }

    /// Templates of which nothing runs.
    private static let published: Set<String> = ["static", "docs"]

    /// Waits until what is there is what the live channels of the user `admin` need, and nothing more.
    package static func expectOnlyLive(
        _ platform: Platform, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let live = try await platform.apps().filter { !published.contains($0.template) }.flatMap(\.channels)
            .filter { $0.current_sha != nil }.count
        do {
            try await eventually("only the \(live) live instances are left", within: .seconds(60)) {
                let found = try HostResidue(of: platform.berthd)
                let networks = live...(live + readyNetworks)
                guard found.containers.count == live, found.groups.count == live,
                    networks.contains(found.interfaces.count), networks.contains(found.namespaces.count),
                    found.mounts.isEmpty, found.packs.isEmpty
                else { throw DeadlineExceeded(description: "\(found)") }
                return true
            }
        } catch {
            Issue.record(error, sourceLocation: sourceLocation)
        }
    }

    /// Names such as `i-…` and `t-…` of the groups in or below a folder.
    private static func containerGroups(in folder: String) -> Set<String> {
        var found: Set<String> = []
        for name in names(in: folder) where !name.contains(".") && isFolder("\(folder)/\(name)") {
            if name.hasPrefix("i-") || name.hasPrefix("t-") {
                found.insert(name)
            } else {
                found.formUnion(containerGroups(in: "\(folder)/\(name)"))
            }
        }
        return found
    }

    private static func names(in folder: String) -> Set<String> {
        Set((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}

extension Berthd {
    /// `/run/berth/<node>`: what the server keeps in memory.
    package func runtimeFolder() throws -> String {
        let node = try String(contentsOfFile: "\(data)/node", encoding: .utf8)
        return "/run/berth/\(node.trimmingCharacters(in: .whitespacesAndNewlines))"
    }

    /// The bridge of its containers, `nil` when there is none.
    package var bridge: String? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        for entry in sequence(first: list, next: { $0?.pointee.ifa_next }) {
            guard let interface = entry?.pointee, interface.ifa_addr?.pointee.sa_family == sa_family_t(AF_INET) else {
                continue
            }
            let address = interface.ifa_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt32(bigEndian: $0.pointee.sin_addr.s_addr)
            }
            if address == gateway { return String(cString: interface.ifa_name) }
        }
        return nil
    }

    /// Folders in which objects of a push wait until they are accepted.
    package func incomingPacks() -> [String] {
        let repositories = "\(data)/repos"
        let folders = FileManager.default.enumerator(atPath: repositories)
        var found: [String] = []
        while let path = folders?.nextObject() as? String {
            guard (path as NSString).lastPathComponent.hasPrefix("incoming-") else { continue }
            found.append(path)
            folders?.skipDescendants()
        }
        return found
    }
}
