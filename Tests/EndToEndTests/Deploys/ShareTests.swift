import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    /// What an operator lets apps take of the machine.
    @Suite struct Shares {
        @Test func `the settings reach the kernel's limits of a user's containers`() async throws {
            let options = [
                "--postgres", "off", "--user-memory", "300", "--user-cpus", "1", "--user-processes", "200",
                "--user-build-memory", "400", "--user-build-cpus", "1",
            ]
            try await Self.withServer(options) { project in
                try project.write("install.sh", "echo building\nsleep 5\n")
                try await project.commitNode("one")
                let push = try project.startPush()
                try await eventually("the build runs") { push.errors.contains { $0.text.contains("building") } }
                let node = try project.berthd.runtimeFolder().split(separator: "/").last ?? ""
                #expect(Self.limits(below: "/berth-builds-\(node)").prefix(2) == ["419430400", "100000"])
                let result = try await push.result()
                #expect(result.status == 0, "\(result.errorText)")
                #expect(Self.limits(below: "/berth/\(node)") == ["314572800", "100000", "200"])
            }
        }

        @Test func `a build weighs less than an instance, and an instance less than the server`() async throws {
            try await Self.withServer(["--postgres", "off"]) { project in
                try await project.commitNode("one")
                try await project.deploy()
                try project.write("install.sh", "echo building\nsleep 300 || echo built\n")
                try await project.commit("two")
                let push = try project.startPush()
                try await eventually("the build runs") { push.errors.contains { $0.text.contains("building") } }
                let tree = ProcessorWeights()
                let node = "\(try project.berthd.runtimeFolder().split(separator: "/").last ?? "")"
                let build = try #require(tree.containers(below: "/berth-builds-\(node)").first { $0.contains("/t-") })
                let instance = try #require(tree.containers(below: "/berth/\(node)").first { $0.contains("/i-") })
                let process = try #require(project.berthd.processID)
                let server = try #require(tree.group(of: process))
                let weights = [build, instance, server].map { tree.weight(of: $0) }
                try await eventually("the build's sleep is found and ended") { tree.end("sleep", in: build) }
                let result = try await push.result()
                #expect(result.status == 0, "\(result.errorText)")
                #expect(weights[0] < weights[1] && weights[1] < weights[2], "\(weights)")
            }
        }

        @Test func `nothing is taken where the disk is down to the reserve, and the push says so`() async throws {
            // No disk has as much.
            try await Self.withServer(["--postgres", "off", "--disk-reserve", "1073741824"]) { project in
                try await project.commitNode("one")
                let push = try await project.push()
                #expect(push.status != 0)
                #expect(push.errorText.contains("this server's disk is nearly full"), "\(push.errorText)")
                let deploys = try await project.platform.call("GET", "/apps/\(project.app.id)/deploys")
                #expect(deploys.text.contains(#""deploys":[]"#), "\(deploys.text)")
                #expect(try await project.get().status == 404)
            }
        }

        private static func withServer(_ options: [String], _ body: (Project) async throws -> Void) async throws {
            let berthd = try Berthd(options: options)
            do {
                try await berthd.start()
                let platform = try Platform(berthd: berthd, user: "admin", token: berthd.token())
                try await body(try await Project("share", template: "node", on: platform))
            } catch {
                try? await berthd.tearDown()
                throw error
            }
            try await berthd.tearDown()
        }

        /// Bytes, processor time of 100 ms in µs, and processes that the only user below a group may take, in the words of
        /// either version of control groups.
        private static func limits(below group: String) -> [String] {
            let root = "/sys/fs/cgroup"
            func read(_ controller: String, _ old: String, _ new: String) -> String? {
                for (folder, file) in [("\(root)/\(controller)\(group)", old), ("\(root)\(group)", new)] {
                    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
                    guard let user = names.first(where: { $0.hasPrefix("u-") }),
                        let text = try? String(contentsOfFile: "\(folder)/\(user)/\(file)", encoding: .utf8)
                    else { continue }
                    return text.split { $0 == "\n" || $0 == " " }.first.map { String($0) }
                }
                return nil
            }
            return [
                read("memory", "memory.limit_in_bytes", "memory.max"), read("cpu", "cpu.cfs_quota_us", "cpu.max"),
                read("pids", "pids.max", "pids.max"),
            ].compactMap { $0 }
        }
    }
}
