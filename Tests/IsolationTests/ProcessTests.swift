import Foundation
import ServerTestSupport
import Testing

extension Isolation {
    /// What a process inside is allowed to do.
    @Suite struct Processes {
        @Test(arguments: Place.allCases)
        func `no capability, no new privileges, a system call filter`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            #expect(try seen["capabilities"] == "0000000000000000")
            #expect(try seen["new-privileges"] == "1")
            #expect(try seen["seccomp"] == "2")
        }

        @Test(arguments: Place.allCases)
        func `calls that reach for the kernel or for other namespaces are refused by the filter`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            #expect(try seen["calls"] == "")
        }

        @Test(arguments: Place.allCases)
        func `sockets to the hypervisor, raw ones and those into the kernel cannot be made`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            #expect(try seen["sockets"] == "")
            #expect(try seen["usual-sockets"] == "inet inet6 route unix")
        }

        @Test(arguments: Place.allCases)
        func `a user of the channel's own, no group besides, no way to another`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            let user = try #require(Int(try seen["user"]))
            #expect(user >= 10_000)
            #expect(try seen["groups"] == "\(user) \(user)")
            #expect(try !seen["root-shell"].contains("uid=0"))
            #expect(try seen["device"].contains("Operation not permitted"))
        }

        @Test func `channels have different users`() async throws {
            let stage = try Stage.get()
            let own = try stage.findings(.instance)["user"]
            #expect(try stage.findings(.build)["user"] == own)
            let processes = try HostProcess.all().filter { $0.containerName.hasPrefix("i-") }
            let users = Dictionary(grouping: processes, by: \.containerName).mapValues { Set($0.map(\.user)) }
            #expect(users.count >= 2 && users.values.allSatisfy { $0.count == 1 })
            #expect(Set(users.values).count == users.count)
            #expect(processes.contains { "\($0.user)" == own })
        }

        @Test func `set-id bits that a build leaves are gone from the release`() throws {
            let seen = try Stage.get().findings(.instance)
            #expect(try seen["root-shell"].hasSuffix(" 755"))
        }

        @Test(arguments: ["cgroup", "ipc", "mnt", "net", "pid", "uts"])
        func `every namespace is a container's own`(name: String) throws {
            let stage = try Stage.get()
            let host = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\(name)")
            let inside = try Place.allCases.map { try stage.findings($0)["namespace-\(name)"] }
            #expect(inside.allSatisfy { $0.hasPrefix("\(name):[") })
            // The build's has ended, and the kernel may have given its number to the instance's.
            #expect(!inside.contains(host))
            let processes = try HostProcess.all().filter { $0.containerName.hasPrefix("i-") }
            let spaces = Dictionary(grouping: processes, by: \.containerName)
                .mapValues { Set($0.compactMap { $0.namespace(name) }) }
            #expect(spaces.count >= 2 && spaces.values.allSatisfy { $0.count == 1 })
            #expect(Set(spaces.values).count == spaces.count)
        }

        @Test(arguments: Place.allCases)
        func `only its own processes are seen`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            let own: Set = ["tini-static", "sh", "bash", "cat", "sort", "node", "MainThread", "npm", "probe.sh"]
            let programs = try Set(seen.words("programs"))
            #expect(programs.isSubset(of: own), "\(programs)")
        }

        @Test(arguments: Place.allCases)
        func `attack 13: no descriptor of the server is inherited`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            #expect(try seen["descriptors"] == "0 1 2")
            #expect(try Set(seen.words("descriptor-kinds")).isSubset(of: ["pipe", "/dev/null"]))
        }

        @Test(arguments: Place.allCases)
        func `attack 13: nothing of the server's environment nor of a neighbour's is seen`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            // Beside what an app is promised there are the template's own.
            let names = try seen.words("variables").filter { !$0.hasPrefix("XHOST_") && !$0.hasPrefix("DATABASE_") }
            let own: Set = [
                "HOME", "LANG", "PATH", "PORT", "NODE_ENV", "YARN_CACHE_FOLDER", "npm_config_cache",
                "npm_config_update_notifier",
            ]
            #expect(Set(names).isSubset(of: own), "\(names)")
            #expect(try seen["foreign-variables"] == "0")
        }

        @Test(arguments: Place.allCases)
        func `a container dies before the server when the machine has no memory left`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            #expect(try seen["priority"] == "1 1")
            #expect(try seen["sacrifice"] == (place == .build ? "800" : "400"))
        }

        @Test(arguments: Place.allCases)
        func `memory without swap, open files, core files and tmp are limited`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            let limit = (place == .build ? 256 : 192) << 20
            #expect(try seen["memory-limit"] == "\(limit)")
            #expect(try ["\(limit)", "0"].contains(seen["swap-limit"]))
            #expect(try Int(seen["open-files"]) ?? .max <= 65_536)
            #expect(try seen["core-size"] == "0")
            let temporary = try seen.words("temporary").compactMap { Int($0) }
            try #require(temporary.count == 3)
            #expect(temporary[0] * temporary[1] <= 512 << 20)
            #expect(temporary[2] <= temporary[0])
        }
    }
}
