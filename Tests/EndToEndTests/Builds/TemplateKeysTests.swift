import Foundation
import ServerTestSupport
import TestSupport
import Testing

extension EndToEnd {
    /// What a template's keys do when a repository is really built and booted with it.
    @Suite struct TemplateKeys {
        private let directory: TemporaryDirectory

        init() throws { directory = try TemporaryDirectory("berth-keys") }

        private func write(_ path: String, _ text: String) throws {
            let url = directory.url.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }

        @Test func `a worker of a template is built without network and with a cache, and announces itself`()
            async throws
        {
            try write(
                "quiet/template.yaml",
                """
                schema: 1
                name: quiet
                description: A worker whose build reaches nothing
                build:
                  network: off
                  caches: [{name: made, files: [work.py], size: 1}]
                  install-script: install.sh
                  steps:
                    - name: look
                      command:
                        - bash
                        - -c
                        - "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sed 's/^/link /'; echo x >/cache/made/x"
                run: {kind: worker, command: [python3, -u, work.py], readiness: file, ready-seconds: 20, stop-signal: SIGINT}
                """)
            try write(
                "app/install.sh",
                "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sed 's/^/then /'; cat /cache/made/x")
            try write(
                "app/work.py",
                """
                import os, signal, time
                assert 'PORT' not in os.environ
                assert not os.path.exists('/cache/made')
                open(os.environ['XHOST_READY_FILE'], 'w').close()
                while True: signal.pause()
                """)
            let trial = try await TrialRun(
                template: directory.path("quiet"), repository: directory.path("app")
            ).result()
            #expect(trial.status == 0, "\(trial.output)\(trial.errorText)")
            #expect(trial.output.contains("running look without network..."))
            #expect(trial.output.contains("link lo") && !trial.output.contains("link eth0"), "\(trial.output)")
            // The install script needs the app's database.
            #expect(trial.output.contains("then eth0") && trial.output.contains("  x\n"), "\(trial.output)")
            #expect(trial.output.contains("ready: when it has made the file that XHOST_READY_FILE names, within 20 s"))
            #expect(trial.output.contains("stop: SIGINT") && trial.output.contains("stopped after "))
        }

        @Test(.timeLimit(.minutes(10)))
        func `a template that names packages is built and booted in a file system of them`() async throws {
            try write(
                "packed/template.yaml",
                """
                schema: 1
                name: packed
                description: Files that busybox serves, made by Lua
                rootfs: {packages: [busybox, lua5.4]}
                build:
                  steps:
                    - name: make
                      command: [lua, -e, "io.open('index.html', 'w'):write(_VERSION)"]
                      requires: [lua]
                run: {kind: web, command: [busybox, httpd, -f, -p, "8080", -h, /app], requires: [busybox]}
                """)
            try write("site/README", "nothing but this")
            let trial = try await TrialRun(
                template: directory.path("packed"), repository: directory.path("site")
            ).result()
            #expect(trial.status == 0, "\(trial.output)\(trial.errorText)")
            #expect(trial.output.contains("packages: busybox lua5.4"))
            #expect(trial.output.contains("installing packages, once: busybox lua5.4..."))
            #expect(trial.output.contains(/packages installed \(\d+ s\)/))
            #expect(trial.output.contains("make finished"))
            #expect(trial.output.contains("GET /: answered with status 200"), "\(trial.output)")
        }

        @Test func `what npm has downloaded is there for the next build, also after a change of the lock file`()
            async throws
        {
            let project = try await Project("kind-cache", template: "node")
            let lock = """
                {"name":"app","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
                 "":{"name":"app","version":"1.0.0","dependencies":{"hello":"file:hello"}},
                 "hello":{"version":"1.0.0"},"node_modules/hello":{"resolved":"hello","link":true}}}
                """
            try project.write("hello/package.json", #"{"name":"hello","version":"1.0.0","main":"index.js"}"#)
            try project.write("hello/index.js", "module.exports = 'hello';")
            try project.write(
                "package.json",
                #"{"name":"app","version":"1.0.0","dependencies":{"hello":"file:hello"},"scripts":{"start":"node server.js"}}"#
            )
            try project.write("package-lock.json", lock)
            try project.write(
                "server.js", "require('http').createServer((q, r) => r.end('one')).listen(process.env.PORT);")
            try project.write("install.sh", "ls /cache/npm; date +%s%N >/cache/npm/stamp-$(date +%s%N)")
            try await project.commit("one")
            let first = try await project.push()
            #expect(first.status == 0 && !first.errorText.contains("stamp-"), "\(first.errorText)")
            try project.write("package-lock.json", lock + "\n")
            try await project.commit("two")
            let second = try await project.push()
            #expect(second.status == 0, "\(second.errorText)")
            #expect(second.errorText.contains("cache npm: taken over from an earlier build"), "\(second.errorText)")
            #expect(second.errorText.contains("stamp-"), "\(second.errorText)")
            // What the app runs in has none of it.
            #expect(try await project.get().text == "one")
            let kept = "\(project.berthd.data)/cache/builds/apps/\(project.app.id)"
            #expect(FileManager.default.fileExists(atPath: kept))
            #expect(try await project.platform.call("DELETE", "/apps/\(project.app.id)").status == 204)
            #expect(!FileManager.default.fileExists(atPath: kept))
        }
    }
}
