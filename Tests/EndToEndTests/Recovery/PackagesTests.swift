import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension EndToEnd {
    /// A program of the machine that works for the server, beside any container.
    @Suite struct Packages {
        @Test(.timeLimit(.minutes(3)))
        func `packages that were being installed when the server was killed are not installed on by nobody`()
            async throws
        {
            let templates = try TemporaryDirectory("berth-packages")
            let folder = templates.path("packed")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try """
            schema: 1
            name: packed
            description: An app in a file system of its own
            rootfs: {packages: [busybox]}
            run: {kind: web, command: [busybox, httpd, -f, -p, "8080", -h, /app]}

            """.write(toFile: "\(folder)/template.yaml", atomically: true, encoding: .utf8)
            let berthd = try Berthd(options: ["--postgres", "off", "--templates", templates.path])
            do {
                try await berthd.start()
                let project = try await Project(
                    "packed", template: "packed",
                    on: Platform(berthd: berthd, user: "admin", token: berthd.token()))
                try project.write("index.html", "here")
                try await project.commit("first")
                let push = try project.startPush()
                try await eventually("packages are being installed", within: .seconds(60)) {
                    try berthd.installers().contains { $0.name == "mmdebstrap" }
                }
                let begun = try berthd.installers()
                try await berthd.crash()
                _ = try await push.result()
                try await berthd.start()
                #expect(try berthd.installers().isDisjoint(with: begun))
                // Nor do they go on after a stop, though the deploy was started again.
                try await eventually("they are being installed again", within: .seconds(60)) {
                    try !berthd.installers().isEmpty
                }
                #expect(try await berthd.terminate() == 0)
                #expect(try berthd.installers().isEmpty)
                try await berthd.tearDown()
            } catch {
                try? await berthd.tearDown()
                throw error
            }
        }
    }
}

/// A process told apart from a later one of the same number.
private struct Installer: Hashable {
    let name: String
    /// Its number and its start (proc_pid_stat(5), field 22).
    let identity: String
}

extension Berthd {
    /// The processes of the group in which packages are installed.
    fileprivate func installers() throws -> Set<Installer> {
        let node = (try runtimeFolder() as NSString).lastPathComponent
        let roots = ["/sys/fs/cgroup", "/sys/fs/cgroup/cpu"]
        let numbers = roots.compactMap {
            try? String(contentsOfFile: "\($0)/berth-builds-\(node)/packages/cgroup.procs", encoding: .utf8)
        }.joined().split(separator: "\n")
        return Set(
            numbers.compactMap { number in
                guard let stat = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8),
                    let match = stat.wholeMatch(of: /(?s)\d+ \((.*)\) (.*)/)
                else { return nil }
                let fields = match.output.2.split(separator: " ")
                guard fields.count > 19 else { return nil }
                return Installer(name: String(match.output.1), identity: "\(number) \(fields[19])")
            })
    }
}
