import ServerTestSupport
import Testing

extension Isolation {
    /// What a process inside sees of files, and what it can change.
    @Suite struct Files {
        @Test(arguments: Place.allCases)
        func `only tmp, and while building the app, can be written to`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            #expect(try seen["written"] == (place == .build ? "/app/x /tmp/x /dev/shm/x" : "/tmp/x /dev/shm/x"))
        }

        @Test(arguments: Place.allCases)
        func `what the kernel tells of the machine is masked`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            #expect(try seen["masked"] == "")
            let kernel = try seen.words("kernel")
            #expect(kernel.allSatisfy { $0 == "/sys" || $0.hasPrefix("/sys/fs") }, "\(kernel)")
            #expect(try seen["groups-seen"] == "/")
        }

        @Test(arguments: Place.allCases)
        func `attack 12 and 13: no path of the host is there, no socket of its services, no key`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            #expect(try seen["paths"] == "")
            #expect(try seen["hidden"] == "")
            let usual: Set = [
                "app", "bin", "cache", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "opt", "proc", "root",
                "run",
                "sbin",
                "srv", "sys", "tmp", "usr", "var",
            ]
            #expect(try Set(seen.words("root")).isSubset(of: usual))
        }

        @Test(arguments: Place.allCases)
        func `there are no devices but the harmless ones`(place: Place) throws {
            let seen = try Stage.get().findings(place)
            let harmless: Set = [
                "core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
                "urandom", "zero",
            ]
            let devices = try Set(seen.words("devices"))
            #expect(devices.isSubset(of: harmless), "\(devices)")
        }
    }
}
