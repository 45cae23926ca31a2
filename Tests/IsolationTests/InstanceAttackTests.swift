import Foundation
import ServerTestSupport
import Testing

extension Isolation {
    /// What an instance does to the machine stays with it.
    @Suite struct InstanceAttacks {
        @Test func `attack 11: a memory hog is killed, named and started again, its neighbour does not notice`()
            async throws
        {
            let stage = try Stage.get()
            let reason = "was killed: out of memory (limit 192 MiB)"
            let before = try await stage.attacker.events("instance_restarted", reason)
            let boot = try await stage.attacker.get("/boot").text
            _ = try? await stage.attacker.get("/hog")
            try await eventually("the instance runs again") {
                let answer = try await stage.attacker.get("/boot")
                return answer.status == 200 && answer.text != boot
            }
            #expect(stage.berthd.log.contains(reason))
            #expect(try await stage.attacker.instanceLog().contains("berth: the app \(reason); restarting in"))
            try await eventually("the event is there") {
                try await stage.attacker.events("instance_restarted", reason) == before + 1
            }
            #expect(try await stage.neighbour.get().text == "unharmed")
        }

        @Test func `attack 11: a process that hogs memory beside the app is killed and named`() async throws {
            let stage = try Stage.get()
            _ = try await stage.attacker.get("/hog-beside")
            // v1 kills that process, v2 all of the container.
            let reasons = [
                "lost a process: out of memory (limit 192 MiB)", "was killed: out of memory (limit 192 MiB)",
            ]
            let kind = HostProcess.hasUnifiedGroups ? "instance_restarted" : "instance_limited"
            let reason = reasons[HostProcess.hasUnifiedGroups ? 1 : 0]
            try await eventually("the event is there") { try await stage.attacker.events(kind, reason) >= 1 }
            #expect(try await stage.attacker.instanceLog().contains("the app \(reason)"))
            try await eventually("the app answers") { try await stage.attacker.get("/boot").status == 200 }
            #expect(try await stage.neighbour.get().text == "unharmed")
        }

        @Test func `attack 11: a fork bomb stays within the app's processes, and is killed, named and gone`()
            async throws
        {
            let stage = try Stage.get()
            let user = try stage.findings(.instance)["user"]
            let boot = try await stage.attacker.get("/boot").text
            _ = try await stage.attacker.get("/bomb")
            try await eventually("the bomb has gone off") { try Self.processes(of: user).count > 100 }
            #expect(try await stage.neighbour.get().text == "unharmed")
            #expect(try Self.processes(of: user).count <= 256)
            let reason = "was killed: it kept starting processes at its limit of 256"
            try await eventually("the event is there") {
                try await stage.attacker.events("instance_restarted", reason) == 1
            }
            #expect(try await stage.attacker.instanceLog().contains("berth: the app \(reason); restarting in"))
            try await eventually("the app runs again") {
                let answer = try await stage.attacker.get("/boot")
                return answer.status == 200 && answer.text != boot
            }
            #expect(try Self.processes(of: user).count < 20)
        }

        @Test func `attack 11: endless output is kept to a few MiB, and named`() async throws {
            let stage = try Stage.get()
            let logs = "\(stage.berthd.data)/logs/instances"
            _ = try await stage.attacker.get("/yes")
            // It begins anew, in the same place, when it is full.
            try await eventually("the log was full once") { try Self.size(of: logs) > 8 << 20 }
            for _ in 0..<20 {
                #expect(try Self.size(of: logs) < 32 << 20)
                #expect(try await stage.neighbour.get().text == "unharmed")
            }
            let reason = "writes more than its log keeps: there are the last 10 MiB of it at most"
            try await eventually("the event is there") {
                try await stage.attacker.events("instance_limited", reason) == 1
            }
            // Far more has come since than is shown.
            #expect(try await stage.attacker.instanceLog().contains("the app \(reason)"))
            _ = try await stage.attacker.get("/calm")
            #expect(try await stage.attacker.events("instance_limited", reason) == 1)
        }

        private static func processes(of user: String) throws -> [HostProcess] {
            try HostProcess.all().filter { "\($0.user)" == user }
        }

        private static func size(of folder: String) throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: folder).reduce(0) { sum, name in
                let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
                return sum + (attributes?[.size] as? Int ?? 0)
            }
        }
    }
}

extension Project {
    /// The log of the app's one instance, its last lines.
    fileprivate func instanceLog() async throws -> String {
        let folder = "/apps/\(app.id)/channels/\(try await prod.id)/instances"
        let list = try await platform.call("GET", folder)
        guard let id = list.text.firstMatch(of: /"instance_id":"([0-9a-f-]{36})"/)?.output.1 else {
            throw HTTPFailure(description: "no instance: \(list.text)")
        }
        return try await platform.call("GET", "\(folder)/\(id)/log").text
    }

    /// How many events of a kind tell of something.
    fileprivate func events(_ kind: String, _ text: String) async throws -> Int {
        struct Page: Decodable {
            struct Event: Decodable { let kind: String, text: String }
            let events: [Event]
        }
        let answer = try await platform.call("GET", "/apps/\(app.id)/events?limit=200")
        let events = try JSONDecoder().decode(Page.self, from: answer.body).events
        return events.count { $0.kind == kind && $0.text.contains(text) }
    }
}
