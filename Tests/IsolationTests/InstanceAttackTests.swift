import Foundation
import ServerTestSupport
import Testing

extension Isolation {
    /// What an instance does to the machine stays with it.
    @Suite struct InstanceAttacks {
        @Test func `attack 11: a memory hog is killed and started again, its neighbour does not notice`() async throws {
            let stage = try Stage.get()
            let boot = try await stage.attacker.get("/boot").text
            _ = try? await stage.attacker.get("/hog")
            try await eventually("the instance runs again") {
                let answer = try await stage.attacker.get("/boot")
                return answer.status == 200 && answer.text != boot
            }
            #expect(stage.berthd.log.contains("out of memory (limit 192 MiB)"))
            #expect(try await stage.neighbour.get().text == "unharmed")
        }

        @Test func `attack 11: a fork bomb stays within the app's processes`() async throws {
            let stage = try Stage.get()
            let user = try stage.findings(.instance)["user"]
            _ = try await stage.attacker.get("/bomb")
            try await eventually("the bomb has gone off") { try Self.processes(of: user).count > 100 }
            #expect(try await stage.neighbour.get().text == "unharmed")
            #expect(try Self.processes(of: user).count <= 256)
            // The next version takes the place of the bombed one, and nothing of it is left.
            try ProbeApp.write(attack: "true", to: stage.attacker)
            try await stage.attacker.commit("calm")
            try await stage.attacker.deploy()
            try await eventually("the bomb is gone") { try Self.processes(of: user).count < 20 }
        }

        @Test func `attack 11: endless output is kept to a few MiB`() async throws {
            let stage = try Stage.get()
            let logs = "\(stage.berthd.data)/logs/instances"
            _ = try await stage.attacker.get("/yes")
            // It begins anew, in the same place, when it is full.
            try await eventually("the log was full once") { try Self.size(of: logs) > 8 << 20 }
            for _ in 0..<20 {
                #expect(try Self.size(of: logs) < 32 << 20)
                #expect(try await stage.neighbour.get().text == "unharmed")
            }
            _ = try await stage.attacker.get("/calm")
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
