import Foundation
import ServerTestSupport
import Testing

extension Isolation {
    /// Attack 11: what a build does to the machine ends with it, is named, and leaves nothing.
    @Suite struct BuildAttacks {
        struct Attack: Sendable, CustomTestStringConvertible {
            let name: String
            let script: String
            /// Words of the reason that the pusher is told.
            let reason: String

            var testDescription: String { name }
        }

        static let attacks = [
            Attack(
                name: "fork bomb", script: "perl -e 'fork while 1'",
                reason: "install.sh kept starting processes at the limit of 96"),
            Attack(
                name: "memory hog", script: "exec perl -e '$x .= \"x\" x 1e7 while 1'",
                reason: "install.sh ran out of memory; a build may use 256 MiB"),
            Attack(
                name: "one large file", script: "exec dd if=/dev/zero of=large bs=1M count=4096",
                reason: "install.sh wrote more than 48 MiB to disk"),
            Attack(
                name: "many files that fill the disk",
                script: "for i in $(seq 40); do dd if=/dev/zero of=part$i bs=1M count=8 2>&- & done; wait; sleep 60",
                reason: "install.sh wrote more than 48 MiB to disk"),
            Attack(
                name: "a file without a name that fills the disk",
                script:
                    "exec perl -e 'for (1..40) { open my $f, \">\", $_; unlink $_; syswrite $f, \"x\" x 8e6; push @f, $f } sleep 60'",
                reason: "install.sh wrote more than 48 MiB to disk"),
            Attack(
                name: "files that fill the disk below 300 folders",
                script: """
                    deep=$(printf 'd/%.0s' $(seq 300)) && mkdir -p $deep && cd $deep
                    for i in $(seq 40); do dd if=/dev/zero of=part$i bs=1M count=8 2>&- & done; wait; sleep 60
                    """,
                reason: "install.sh made folders nested more than 256 deep"),
            Attack(
                name: "endless files",
                script: "exec perl -e 'for (;;) { open F, \">\", \"file\" . $i++ or sleep 1 }'",
                reason: "install.sh made more than 4000 files"),
            Attack(name: "yes", script: "exec yes", reason: "install.sh wrote more than 1 MiB of output"),
            Attack(
                name: "a line without end", script: "exec cat /dev/zero",
                reason: "install.sh wrote more than 1 MiB of output"),
            Attack(
                name: "endless sleep", script: "trap '' TERM INT HUP; while :; do sleep 60; done",
                reason: "the build did not finish within 15 s"),
        ]

        @Test(arguments: attacks)
        func `attack 11: the deploy fails with the reason, and nothing is left`(attack: Attack) async throws {
            let stage = try Stage.get()
            let project = stage.attacker
            let boot = try await project.get("/boot").text
            let releases = try project.releaseFolders()
            try ProbeApp.write(attack: attack.script, to: project)
            try await project.commit(attack.name)

            let push = try await project.push()

            #expect(push.status != 0)
            #expect(
                push.errorText.contains("deploy of prod failed: \(attack.reason)"), "\(push.errorText.suffix(1500))")
            let end = try await project.lastLog().split(separator: "\n").last.map(String.init)
            #expect(end?.contains("deploy failed: \(attack.reason)") == true, "\(end ?? "no log")")
            try await expectNothingLeft(of: project)
            #expect(try project.releaseFolders() == releases)
            #expect(try await project.get("/boot").text == boot)
            #expect(try await stage.neighbour.get().text == "unharmed")
        }

        @Test func `attack 11: a daemon that outlives its build ends with it, and the log says so`() async throws {
            let stage = try Stage.get()
            let project = stage.attacker
            try ProbeApp.write(
                attack: """
                    perl -MPOSIX -e 'fork and exit; POSIX::setsid(); fork and exit; $0 = "lasting"; sleep 3600' \
                        </dev/null >/dev/null 2>&1
                    setsid sleep 3600 &
                    """, to: project)
            try await project.commit("daemon")

            let push = try await project.push()

            #expect(push.status == 0, "\(push.errorText.suffix(1500))")
            let log = try await project.lastLog()
            #expect(log.contains(/berth: processes still running at the end: [1-3]; they are ended/), "\(log)")
            #expect(!HostProcess.commandLines().contains { $0.hasPrefix("lasting") || $0.contains("sleep\03600") })
            try await expectNothingLeft(of: project)
        }

        /// No container of a build, no group, no mount; the two apps' instances are there.
        private func expectNothingLeft(of project: Project) async throws {
            #expect(try HostProcess.all().filter { $0.containerName.hasPrefix("t-") }.isEmpty)
            try await eventually("nothing of the build is left") {
                let residue = try HostResidue(of: project.berthd)
                guard residue.groups.allSatisfy({ $0.hasPrefix("i-") }), residue.containers.count == 2,
                    residue.mounts.isEmpty
                else { throw HTTPFailure(description: "\(residue)") }
                return true
            }
        }
    }
}

extension Project {
    /// Folders of releases on disk, of every app of the server.
    func releaseFolders() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(berthd.data)/releases").sorted()
    }
}
