import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    /// What somebody takes away behind the server's back. Each is made again, with one line in the server's log and one event.
    @Suite struct Reconciliation {
        enum Loss: String, CaseIterable, Sendable {
            case link = "its link is gone"
            case linkDown = "its link is down"
            case isolation = "its link is not apart from the others"
            case networkMount = "the mount of its network is gone"
            case address = "its address is gone"
            case defaultRoute = "its default route is gone"
            case bundle = "its bundle is gone"
            case filesMount = "the mount of /app is gone"
            case volumeMount = "the mount of /app/data is gone"

            func take(from instance: RunningInstance, _ project: Project) async throws {
                let link = instance.lease.hostInterface
                let inside = ["nsenter", "--net=\(instance.lease.path)", "ip"]
                let mounts = ["nsenter", "--target", "\(instance.process.pid)", "--mount", "--pid", "umount", "--lazy"]
                switch self {
                case .link: try await project.command("ip", "link", "delete", link)
                case .linkDown: try await project.command("ip", "link", "set", link, "down")
                case .isolation: try await project.command("bridge", "link", "set", "dev", link, "isolated", "off")
                case .networkMount: try await project.command("umount", instance.lease.path)
                case .address: try await project.command(inside + ["address", "flush", "dev", "eth0"])
                case .defaultRoute: try await project.command(inside + ["route", "delete", "default"])
                case .bundle: try FileManager.default.removeItem(atPath: "\(instance.bundle)/config.json")
                case .filesMount: try await project.command(mounts + ["/app"])
                case .volumeMount: try await project.command(mounts + ["/app/data"])
                }
            }
        }

        @Test(.timeLimit(.minutes(4)))
        func `what is taken away of an instance comes back`() async throws {
            let project = try await Project("lost", template: "node")
            try project.write("berth.yaml", "volumes: data\n")
            try await project.commitNode("here")
            try await project.deploy()
            for (number, loss) in Loss.allCases.enumerated() {
                let instance = try await RunningInstance(of: project)
                let boot = try await project.get("/boot").text
                try await loss.take(from: instance, project)
                try await eventually("another process answers: \(loss)", within: .seconds(30)) {
                    let now = try await project.get("/boot")
                    return now.status == 200 && now.text != boot
                }
                try await eventually("it is told: \(loss)", within: .seconds(30)) {
                    try await project.events().count > number
                }
                let events = try await project.events()
                #expect(events.count == number + 1)
                #expect(events[0].kind == "instance_replaced")
                #expect(events[0].text == "an instance was started anew: \(loss.rawValue)")
                #expect(try await project.repairs(loss.rawValue) == 1, "\(loss)")
                try await HostResidue.expectOnlyLive(project.platform)
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func `a container that is killed or deleted by hand comes back, and one that is nobody's goes`() async throws {
            let project = try await Project("by-hand", template: "node")
            try await project.commitNode("here")
            try await project.deploy()
            let runtime = try project.berthd.runtimeFolder()
            let runc = ["runc", "--root", "\(runtime)/runc"]
            var events = 0
            for isDeleted in [false, true] {
                let instance = try await RunningInstance(of: project)
                let boot = try await project.get("/boot").text
                if isDeleted {
                    try await project.command(runc + ["delete", "--force", instance.name])
                } else {
                    try await project.command("kill", "-KILL", "\(instance.process.pid)")
                }
                try await eventually("another process answers", within: .seconds(30)) {
                    let now = try await project.get("/boot")
                    return now.status == 200 && now.text != boot
                }
                events += 1
                try await eventually("it is told") { try await project.events().count >= events }
                #expect(try await project.repairs("an instance was started again") == events)
            }
            #expect(try await project.events().map(\.kind) == ["instance_restarted", "instance_restarted"])

            let instance = try await RunningInstance(of: project)
            let boot = try await project.get("/boot").text
            let stray = try await project.runStray(like: instance)
            try await eventually("the stray one is gone", within: .seconds(30)) {
                try project.berthd.repairs(stray) == 1 && !HostResidue(of: project.berthd).containers.contains(stray)
            }
            #expect(try await project.get("/boot").text == boot)
            try await eventually("it is told", within: .seconds(30)) {
                let told = try await project.platform.machineEvents().filter { $0.text.contains(stray) }
                return told.map(\.kind) == ["stray_removed"]
            }
            try await HostResidue.expectOnlyLive(project.platform)
        }

        /// On a server of its own, whose log and events are looked at as a whole.
        @Test(.timeLimit(.minutes(2)))
        func `what is damaged while the server is down is repaired at its start, with one line and one event`()
            async throws
        {
            let berthd = try Berthd(options: ["--postgres", "off"])
            do {
                try await berthd.start()
                let platform = Platform(berthd: berthd, user: "admin", token: try berthd.token())
                let project = try await Project("damaged", template: "node", on: platform)
                try await project.commitNode("here")
                try await project.deploy()
                let boot = try await project.get("/boot").text
                let instance = try await RunningInstance(of: project)
                #expect(try await berthd.terminate() == 0)
                try await project.command("ip", "link", "delete", instance.lease.hostInterface)
                let stray = try await project.runStray(like: instance)
                // The second time nothing was damaged.
                for _ in 0..<2 {
                    try await berthd.start()
                    try await eventually("another process answers", within: .seconds(30)) {
                        let now = try await project.get("/boot")
                        return now.status == 200 && now.text != boot
                    }
                    try await eventually("it is told") { try await !project.events().isEmpty }
                    #expect(
                        try await project.events().map(\.text) == ["an instance was started anew: its link is gone"])
                    #expect(try await project.repairs("its link is gone") == 1)
                    let told = try await platform.machineEvents()
                    #expect(told.map(\.kind) == ["stray_removed"] && told.allSatisfy { $0.text.contains(stray) })
                    #expect(berthd.repairs(stray) == 1 && berthd.repairs("kind=") == 2, "\(berthd.log)")
                    try await HostResidue.expectOnlyLive(platform)
                    #expect(try await berthd.terminate() == 0)
                }
                try await berthd.tearDown()
            } catch {
                try? await berthd.tearDown()
                throw error
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func `a role that is gone is made again with the password that the app has`() async throws {
            let project = try await Project("roleless", template: "node")
            try await project.commitNode("here")
            try await project.deploy()
            let environment = try JSONDecoder().decode([String: String].self, from: await project.get("/env").body)
            let address = try #require(environment["DATABASE_URL"].flatMap { URLComponents(string: $0) })
            let role = try #require(address.user)
            #expect(try await project.post("/sql", "SELECT current_user").text == "\(role)\n")
            try await project.berthd.administer(
                String(address.path.dropFirst()), "DROP OWNED BY \(role) CASCADE; DROP ROLE \(role)")

            try await eventually("the app's password is good again", within: .seconds(30)) {
                try await project.post("/sql", "SELECT current_user").text == "\(role)\n"
            }
            #expect(try await project.post("/sql", "CREATE TABLE again (n int)").status == 200)
            try await eventually("it is told") { try await !project.events().isEmpty }
            #expect(try await project.events().map(\.kind) == ["database_restored"])
            #expect(try await project.repairs("the channel's role was gone and was made again") == 1)
        }

        /// On a server of its own: everything that it runs loses its network.
        @Test(.timeLimit(.minutes(2)))
        func `the bridge, its address and its route come back, and what was on it answers again`() async throws {
            let berthd = try Berthd(options: ["--postgres", "off"])
            do {
                try await berthd.start()
                let project = try await Project(
                    "bridged", template: "node", on: Platform(berthd: berthd, user: "admin", token: berthd.token()))
                try await project.commitNode("here")
                try await project.deploy()
                let boot = try await project.get("/boot").text
                let bridge = try #require(berthd.bridge)
                let losses = [
                    (["route", "flush", "dev", bridge], "the route to the containers was gone"),
                    (["address", "flush", "dev", bridge], "the route to the containers was gone"),
                    (["link", "set", bridge, "down"], "the bridge was down"),
                ]
                for (number, (arguments, what)) in losses.enumerated() {
                    try await project.command(["ip"] + arguments)
                    // The process is not to blame, and goes on.
                    try await eventually("it answers again: \(arguments)", within: .seconds(30)) {
                        guard berthd.repairs("network_restored") > number else { return false }
                        return try await project.get("/boot").text == boot
                    }
                    #expect(berthd.repairs("network_restored") == number + 1)
                    #expect(berthd.repairs(what) > 0)
                }
                try await project.command("ip", "link", "delete", bridge)
                try await eventually("another process answers", within: .seconds(30)) {
                    let now = try await project.get("/boot")
                    return now.status == 200 && now.text != boot
                }
                #expect(berthd.repairs("the bridge was gone") == 1)
                try await eventually("it is told") { try await !project.events().isEmpty }
                #expect(try await project.events().map(\.text) == ["an instance was started anew: its link is gone"])
                try await HostResidue.expectOnlyLive(project.platform)
                try await berthd.tearDown()
            } catch {
                try? await berthd.tearDown()
                throw error
            }
        }
    }
}
