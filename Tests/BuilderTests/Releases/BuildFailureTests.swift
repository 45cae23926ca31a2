import Core
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Builder

struct BuildFailureTests {
    @Test(
        arguments: [
            (.exited(1), "install.sh exited 1"), (.exited(127), "install.sh exited 127"),
            (.killed(signal: 9), "install.sh was killed by signal 9"),
            (.outOfMemory, "install.sh ran out of memory; a build may use 1 GiB"),
            (
                .outOfSharedMemory,
                "install.sh ran out of memory: your builds that ran at once used all that they may together; "
                    + "deploy it again alone"
            ),
            (.timedOut, "install.sh did not finish within 600 s"),
            (.tooMuchOutput, "install.sh wrote more than 16 MiB of output"),
            (
                .tooManyProcesses,
                "install.sh kept starting processes at the limit of 512; a build may have so many at once"
            ),
            (.tooMuchDisk, "install.sh wrote more than 4 GiB to disk; a release may have that much"),
            (.tooManyFiles, "install.sh made more than 500000 files; a release may have that many"),
            (.tooDeep, "install.sh made folders nested more than 256 deep; a release may have them 128 deep"),
            (
                .tooMuchInVolumes,
                "install.sh was ended: the volumes of this channel have more than 5 GiB, or more files or deeper folders "
                    + "than are counted; let the app remove some of it, or ask the operator for more (--volume-size)"
            ),
            (.diskReserve, "install.sh was ended: this server's disk is nearly full; its operator can make room"),
        ] as [(ContainerTaskExit, String)])
    func aStepThatDoesNotEndWellFailsTheBuildAndLeavesNothing(
        _ exit: ContainerTaskExit, _ message: String
    ) async throws {
        let fixture = try BuildFixture(
            StubTaskRunner { task, output throws(PlatformError) in
                output(Array("why".utf8))
                try task.write("half.txt", "half")
                return exit
            })
        let error = try await fixture.failure(texts: ["index.html": "", "install.sh": ""])
        #expect(error?.code == .buildFailed)
        #expect(error?.message == message)
        // A program that was ended may have been about to write more of the line.
        let last = if case .exited(_) = exit { "why" } else { "why\(LineCut.dropped)" }
        #expect(fixture.log.lines.contains(last))
        #expect(fixture.log.lines.last?.hasPrefix("\(message) (after ") == true)
        #expect(fixture.leftovers().isEmpty)
    }

    @Test func laterStepsDoNotRunAfterOneThatFailed() async throws {
        let fixture = try BuildFixture(StubTaskRunner { _, _ in .exited(2) })
        let error = try await fixture.failure(
            texts: [
                "package.json": #"{"main": "a", "dependencies": {"x": "1"}}"#, "package-lock.json": "{}",
                "install.sh": "",
            ], template: "node")
        #expect(error?.message == "npm ci exited 2")
        #expect(fixture.runner.tasks.count == 1)
    }

    @Test func theStepsOfABuildShareItsTime() async throws {
        let fixture = try BuildFixture(StubTaskRunner { _, _ in .timedOut }, change: { $0.timeLimit = 60 })
        let error = try await fixture.failure(texts: ["install.sh": ""])
        #expect(error?.message == "the build did not finish within 60 s; install.sh was still running")
        let task = try #require(fixture.runner.tasks.first)
        #expect(task.timeLimit <= 60)
        #expect(task.owner != nil && task.disk == DiskLimit(bytes: 4 << 30, entries: 500_000))
    }

    @Test func anErrorOfTheRunnerLeavesNothing() async throws {
        let fixture = try BuildFixture(
            StubTaskRunner { _, output throws(PlatformError) in
                output(Array("partial".utf8))
                throw PlatformError(.unavailable, "no containers")
            })
        #expect(try await fixture.failure(texts: ["install.sh": ""])?.message == "no containers")
        #expect(fixture.log.lines.last == "partial\(LineCut.dropped)")
        #expect(fixture.leftovers().isEmpty)
    }

    @Test func anErrorOfTheRepositoryLeavesNothing() async throws {
        let fixture = try BuildFixture()
        _ = try await fixture.build(texts: ["index.html": ""])
        let unknown = try #require(CommitID(String(repeating: "f", count: 40)))
        let request = try fixture.request(unknown)
        await #expect(throws: PlatformError.self) { try await fixture.builder.build(request, log: fixture.log) }
        #expect(fixture.leftovers().filter { $0 != "sites" }.count == 1)
    }

    @Test func aPackageFileThatIsNotValidFailsWithTheReasonAlsoInTheLog() async throws {
        let fixture = try BuildFixture()
        let error = try await fixture.failure(texts: ["package.json": "{\n  oops\n}"], template: "node")
        let reason = "package.json is not valid JSON: line 2, column 3: expected a name in double quotes"
        #expect(error?.code == .buildFailed)
        #expect(error?.message == reason)
        #expect(fixture.log.lines == [reason])
        #expect(fixture.leftovers().isEmpty)
    }

    @Test func aTemplateThatIsNotInstalledIsNamed() async throws {
        let fixture = try BuildFixture()
        let error = try await fixture.failure(texts: ["a": ""], template: "cobol")
        #expect(error?.message == "the template \"cobol\" is not installed; there are: node, python, docs, static")
    }

    @Test(arguments: [
        ("README.md", "npm", "npm install"), ("pnpm-lock.yaml", "pnpm", "pnpm install"),
        ("yarn.lock", "yarn", "yarn install"),
    ])
    func `a program that the server lacks is named before anything runs`(
        _ file: String, _ program: String, _ step: String
    ) async throws {
        let root = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: root.path("usr/bin"), withIntermediateDirectories: true)
        close(open(root.path("usr/bin/node"), O_CREAT | O_WRONLY, 0o755))
        let fixture = try BuildFixture { $0.containerRoot = root.path }
        let error = try await fixture.failure(
            texts: ["package.json": #"{"main": "a", "dependencies": {"x": "1"}}"#, file: ""], template: "node")
        #expect(error?.code == .unavailable)
        let reason = "this server has no \(program), which the template node needs for \(step)"
        #expect(error?.message == "\(reason); its operator can install it")
        #expect(fixture.runner.tasks.isEmpty)
        #expect(fixture.repository.checkouts.isEmpty)
    }

    @Test(arguments: [
        ("memory: 900G", "limits.memory is 921600 MiB; this server gives at most 2048 MiB"),
        ("cpu: 4.5", "limits.cpu is 4.5; this server gives at most 4.0"),
        ("processes: 2000", "limits.processes is 2000; this server gives at most 1024"),
    ])
    func `a limit over the operator's fails with its place before anything runs`(
        _ limit: String, _ reason: String
    ) async throws {
        let fixture = try BuildFixture {
            $0.instanceCaps = ContainerLimits(memory: 2 << 30, milliCPU: 4000, processes: 1024, temporary: 0)
        }
        func texts(_ limits: String) -> [String: String] {
            ["package.json": #"{"main": "a"}"#, "install.sh": "", "berth.yaml": "limits:\n  \(limits)\n"]
        }
        let error = try await fixture.failure(texts: texts(limit), template: "node")
        let column = limit.prefix { $0 != ":" }.count + 5
        #expect(error?.message == "berth.yaml:2:\(column): \(reason)")
        #expect(fixture.runner.tasks.isEmpty && fixture.repository.checkouts.isEmpty)
        #expect(try await fixture.failure(texts: texts("memory: 2G"), template: "node") == nil)
    }

    @Test func commandsAreNeverRunAsRoot() async throws {
        let fixture = try BuildFixture()
        let request = try fixture.request(fixture.repository.commit(texts: ["install.sh": ""]), account: 0)
        let error = await #expect(throws: PlatformError.self) {
            try await fixture.builder.build(request, log: fixture.log)
        }
        #expect(error?.code == .internal)
        #expect(fixture.runner.tasks.isEmpty)
        #expect(fixture.leftovers().isEmpty)
    }

    // MARK: - Cancellation

    @Test(arguments: [true, false])
    func attack17ACancelledBuildLeavesNothing(_ runnerThrows: Bool) async throws {
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let fixture = try BuildFixture(
            StubTaskRunner { task, _ throws(PlatformError) in
                try task.write("half.txt", "half")
                signal.yield()
                // Ends at once when the task is cancelled, which is what the test waits for.
                do { try await Task.sleep(for: .seconds(60)) } catch {}
                if runnerThrows { throw PlatformError(.cancelled, "stopped") }
                return .killed(signal: 9)
            })
        let request = try fixture.request(fixture.repository.commit(texts: ["install.sh": ""]))
        let build = Task { try await fixture.builder.build(request, log: fixture.log) }
        for await _ in started { break }
        build.cancel()
        let error = await #expect(throws: PlatformError.self) { try await build.value }
        #expect(error?.code == .cancelled)
        #expect(fixture.leftovers().isEmpty)
    }

    @Test func attack17ABuildStartsAnewAfterACrashLeftHalfOfIt() async throws {
        let fixture = try BuildFixture()
        let request = try fixture.request(fixture.repository.commit(texts: ["index.html": "new"]))
        let files = fixture.builder.filesDirectory(of: request.release)
        try FileManager.default.createDirectory(atPath: "\(files)/old", withIntermediateDirectories: true)
        let result = try await fixture.builder.build(request, log: fixture.log)
        #expect(result.site?.files.keys.sorted() == ["index.html"])
        #expect(!FileManager.default.fileExists(atPath: "\(files)/old"))
    }

    // MARK: - What commands leave

    @Test func attack9And11SetIdBitsAndSpecialFilesDoNotStay() async throws {
        let fixture = try BuildFixture(
            StubTaskRunner { task, _ throws(PlatformError) in
                try task.write("tools/su", "x")
                chmod("\(task.directory)/tools/su", 0o6755)
                chmod("\(task.directory)/tools", 0o3775)
                mkfifo("\(task.directory)/index.html", 0o644)
                mkfifo("\(task.directory)/tools/pipe", 0o644)
                return .exited(0)
            })
        let (release, result) = try await fixture.build(texts: ["install.sh": "", "a.txt": ""])
        let files = try FolderHandle(path: fixture.builder.filesDirectory(of: release.id))
        #expect(try files.folder(["tools"]).status(FileName("su")).mode == 0o755)
        #expect(try files.status(FileName("tools")).mode == 0o775)
        #expect(result.site?.files.keys.sorted() == ["a.txt", "tools/su"])
        #expect(fixture.log.lines.contains("removed tools/pipe: it is neither a file nor a folder nor a link"))
    }

    @Test func attack11ABuildThatLeavesTooMuchFails() async throws {
        let writer = StubTaskRunner { task, _ throws(PlatformError) in
            for number in 0..<20 { try task.write("f\(number)", String(repeating: "x", count: 8192)) }
            return .exited(0)
        }
        let many = try BuildFixture(writer) { $0.maximumEntries = 10 }
        #expect(
            try await many.failure(texts: ["install.sh": ""])?.message
                == "the build left more than 10 files; that is the limit")
        #expect(many.leftovers().isEmpty)
        let large = try BuildFixture(writer) { $0.maximumBytes = 64 << 10 }
        #expect(
            try await large.failure(texts: ["install.sh": ""])?.message
                == "the build left more than 64 KiB; that is the limit")
        #expect(large.leftovers().isEmpty)
    }

    @Test func attack11FoldersNestedWithoutEndFailAndAreRemoved() async throws {
        let fixture = try BuildFixture(
            StubTaskRunner { task, _ throws(PlatformError) in
                DeepFolders.make(in: task.directory, depth: 300)
                return .exited(0)
            })
        let error = try await fixture.failure(texts: ["install.sh": ""])
        #expect(error?.message == "the build made folders nested more than 128 deep")
        #expect(fixture.leftovers().isEmpty)
    }
}
