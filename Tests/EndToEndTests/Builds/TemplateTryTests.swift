import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension EndToEnd {
    /// `berthd template try`, beside a server that runs.
    @Suite struct TemplateTry {
        private let directory: TemporaryDirectory

        init() throws { directory = try TemporaryDirectory("berth-tried") }

        /// A folder with these files; its path.
        private func folder(_ name: String, _ files: [String: String]) throws -> String {
            for (path, text) in files {
                let url = directory.url.appendingPathComponent("\(name)/\(path)")
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: url)
            }
            return directory.path(name)
        }

        @Test func `a new template has no problems, and its example builds and boots`() async throws {
            let berthd = try TestEnvironment.program("berthd")
            let made = try await run([berthd, "template", "new", "fresh", "--in", directory.path])
            #expect(made.status == 0, "\(made.errorText)")
            let template = directory.path("fresh")
            let check = try await run([berthd, "template", "check", template])
            #expect(check.status == 0 && check.output == "\(template): no problems\n")
            let trial = try await TrialRun(template: template, repository: "\(template)/example").result()
            #expect(trial.status == 0, "\(trial.output)\(trial.errorText)")
            #expect(trial.output.contains("step build.sh: sh build.sh, at most 300 s"))
            #expect(trial.output.contains("start: python3 server.py"))
            #expect(trial.output.contains(/build.sh finished \(\d+\.\d s\)/))
            #expect(trial.output.contains("GET /: answered with status 200"))
            let again = try await run([berthd, "template", "new", "fresh", "--in", directory.path])
            #expect(again.status == 1 && again.errorText.contains("\(template) exists already"))
        }

        @Test(arguments: try TrialRun.builtInNames())
        func `the example of a built-in template builds and boots`(_ name: String) async throws {
            let template = TrialRun.builtIn(name)
            let trial = try await TrialRun(template: template, repository: "\(template)/example").result()
            #expect(trial.status == 0, "\(trial.output)\(trial.errorText)")
        }

        @Test func `what is wrong with a template is told line by line`() async throws {
            let template = try folder(
                "wrong",
                [
                    "template.yaml": "schema: 1\nname: wrong\ndescription: d\nbulid: {}\nrun: {kind: wbe}\n",
                    "README.md": "Nothing.",
                ])
            let check = try await run([try TestEnvironment.program("berthd"), "template", "check", template])
            #expect(check.status == 1)
            #expect(
                check.output == """
                    \(template)/template.yaml:4:1: unknown key "bulid"; did you mean "build"?
                    \(template)/template.yaml:5:13: run.kind must be static, web or worker

                    """)
        }

        @Test func `a folder for temporary files that is not there is not made`() async throws {
            let berthd = try TestEnvironment.program("berthd")
            let missing = directory.path("missing")
            let trial = try await run(
                [berthd, "template", "try", TrialRun.builtIn("static"), directory.path],
                environment: TestEnvironment.plain.merging(["TMPDIR": missing]) { $1 })
            #expect(
                trial.status == 1 && trial.errorText.contains("cannot be made: No such file or directory"),
                "\(trial.errorText)")
            #expect(!FileManager.default.fileExists(atPath: missing))
        }

        @Test func `the head commit of a repository is built and booted with the variables that are given`()
            async throws
        {
            let server = "require('http').createServer((q, r) => { r.statusCode = process.env.STATUS; r.end(); })"
            let repository = try folder(
                "committed",
                [
                    "package.json": #"{"scripts":{"build":"echo building > built.txt","start":"node server.js"}}"#,
                    "berth.yaml": "health: {path: /up}\n", "server.js": "\(server).listen(process.env.PORT);",
                ])
            for arguments in [["init", "-q"], ["add", "--all"], ["commit", "-q", "-m", "one"]] {
                #expect(try await run(["git"] + arguments, directory: repository).status == 0)
            }
            _ = try folder("committed", ["server.js": "process.exit(7);"])
            let trial = try await TrialRun(
                template: TrialRun.builtIn("node"), repository: repository, options: ["--env", "STATUS=418"]
            ).result()
            #expect(trial.status == 0, "\(trial.output)\(trial.errorText)")
            #expect(trial.output.contains(/repository: commit [0-9a-f]{8} of .*; what is not committed is left out/))
            #expect(trial.output.contains("npm run build finished"))
            #expect(trial.output.contains("ready after "))
            #expect(trial.output.contains("GET /up: answered with status 418"))
            #expect(trial.output.contains("stopped after "))
        }

        @Test func `an app that does not start is told with its output`() async throws {
            let repository = try folder("ends", ["app.py": "print('no luck today')\nraise SystemExit(3)"])
            let trial = try await TrialRun(template: TrialRun.builtIn("python"), repository: repository).result()
            #expect(trial.status == 1)
            #expect(trial.output.contains("no luck today"))
            #expect(trial.errorText.contains("the app exited with status 3 before it was ready"), "\(trial.errorText)")
        }

        @Test func `a build step that fails is told with its output`() async throws {
            let repository = try folder("fails", ["index.html": "", "install.sh": "echo broken here; exit 9"])
            let trial = try await TrialRun(template: TrialRun.builtIn("static"), repository: repository).result()
            #expect(trial.status == 1)
            #expect(trial.output.contains("broken here"))
            #expect(trial.errorText.contains("install.sh exited 9"), "\(trial.errorText)")
        }

        @Test func `a site says its folder and how many files are published`() async throws {
            let repository = try folder(
                "site", ["install.sh": "mkdir dist; for f in index a b; do echo $f > dist/$f.html; done"])
            let trial = try await TrialRun(template: TrialRun.builtIn("static"), repository: repository).result()
            #expect(trial.status == 0, "\(trial.output)\(trial.errorText)")
            #expect(trial.output.contains("repository: the files of \(repository)"))
            #expect(trial.output.contains("published: 3 files from dist/"))
        }

        @Test func `an interrupted trial removes everything`() async throws {
            let repository = try folder("slow", ["index.html": "", "install.sh": "touch begun; sleep 300"])
            let trial = try await TrialRun(template: TrialRun.builtIn("static"), repository: repository)
            try await eventually("the build step runs", within: .seconds(60)) {
                trial.hasFile("begun") || trial.command.hasEnded
            }
            let belongings = try await trial.belongings()
            #expect(belongings.contains("/sys/class/net/berth-\(trial.node)"), "\(belongings)")
            #expect(belongings.contains("table inet berth_\(trial.node)"), "\(belongings)")
            // As a terminal does it: to all processes in the foreground.
            kill(-trial.command.processID, SIGINT)
            let result = try await trial.result()
            #expect(result.status == 1)
            #expect(result.errorText.contains("interrupted; everything was removed"), "\(result.errorText)")
        }

        @Test(arguments: [
            (["--env", "PORT"], "--env PORT: write NAME=VALUE"),
            (["--env", "DATABASE_URL=x"], "key DATABASE_URL is reserved"),
        ])
        func `a variable that cannot be set is refused`(_ options: [String], _ reason: String) async throws {
            let berthd = try TestEnvironment.program("berthd")
            let trial = try await run(
                [berthd, "template", "try", TrialRun.builtIn("static"), directory.path] + options)
            #expect(trial.status == 1 && trial.errorText.contains(reason), "\(trial.errorText)")
        }

        @Test func `whoever is not root is told so`() async throws {
            let berthd = try TestEnvironment.program("berthd")
            // In a user namespace without a mapping nobody is root.
            let trial = try await run(
                ["unshare", "--user", berthd, "template", "try", TrialRun.builtIn("static"), directory.path])
            #expect(trial.status == 1 && trial.errorText.contains("needs root"), "\(trial.errorText)")
        }
    }
}
