import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    /// Repositories as people have them, pushed as they are (`docs/TEMPLATES.md` has the table).
    @Suite struct RepositoryKinds {
        @Test func `a site that install sh generates is published from its output folder`() async throws {
            let project = try await Project("kind-generated", template: "static")
            try project.write("page.txt", "made")
            try project.write("install.sh", "mkdir -p dist && sed 's/made/generated/' page.txt > dist/index.html")
            try await project.commit("one")
            try await project.deploy()
            #expect(try await project.get().text.contains("generated"))
            #expect(try await project.get("/page.txt").status == 404)
        }

        @Test func `a node app with a lock file gets its packages, then its build script`() async throws {
            let project = try await Project("kind-lock", template: "node")
            try project.write("hello/package.json", #"{"name":"hello","version":"1.0.0","main":"index.js"}"#)
            try project.write("hello/index.js", "module.exports = 'from a package';")
            try project.write(
                "package.json",
                """
                {"name":"app","version":"1.0.0","dependencies":{"hello":"file:hello"},
                 "scripts":{"build":"echo built > built.txt","start":"node server.js"}}
                """)
            try project.write(
                "package-lock.json",
                """
                {"name":"app","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
                 "":{"name":"app","version":"1.0.0","dependencies":{"hello":"file:hello"}},
                 "hello":{"version":"1.0.0"},"node_modules/hello":{"resolved":"hello","link":true}}}
                """)
            try project.write(
                "server.js",
                """
                const text = require('hello') + ' ' + require('fs').readFileSync('built.txt') + process.env.NODE_ENV;
                require('http').createServer((q, r) => r.end(text)).listen(process.env.PORT);
                """)
            try await project.commit("one")
            let push = try await project.push()
            #expect(push.status == 0, "\(push.errorText)")
            #expect(push.errorText.contains("npm ci finished") && push.errorText.contains("npm run build finished"))
            #expect(try await project.get().text == "from a package built\nproduction")
            // Each part of it, and all of it.
            for line in [
                #/checked out \d+ files \(\d+\.\d s\)/#, #/npm ci finished \(\d+\.\d s\)/#,
                #/npm run build finished \(\d+\.\d s\)/#, #/files stored \(\d+\.\d s\)/#,
                #/build finished in \d+\.\d s/#,
                #/took \d+ ms: database \d+ ms, resolve \d+ ms, hooks \d+ ms, build \d+ ms, start \d+ ms, switch \d+ ms/#,
            ] { #expect(push.errorText.firstMatch(of: line) != nil, "\(push.errorText)") }
            let again = try await project.pushAgain()
            #expect(again.status == 0 && again.errorText.contains("npm ci not needed"), "\(again.errorText)")
            #expect(try await project.get().text == "from a package built\nproduction")
        }

        @Test func `an npm workspace is deployed from its folder`() async throws {
            let project = try await Project("kind-workspace", template: "node")
            try project.write("berth.yaml", "root: packages/web\n")
            try project.write("package.json", #"{"name":"top","private":true,"workspaces":["packages/*"]}"#)
            try project.write("packages/lib/package.json", #"{"name":"lib","version":"1.0.0","main":"lib.js"}"#)
            try project.write("packages/lib/lib.js", "module.exports = 'the library';")
            try project.write(
                "packages/web/package.json",
                #"{"name":"web","version":"1.0.0","dependencies":{"lib":"1.0.0"},"scripts":{"start":"node web.js"}}"#)
            try project.write(
                "packages/web/web.js",
                """
                const text = require('lib') + ' in ' + process.cwd();
                require('http').createServer((q, r) => r.end(text)).listen(process.env.PORT);
                """)
            try project.write(
                "package-lock.json",
                """
                {"name":"top","lockfileVersion":3,"requires":true,"packages":{
                 "":{"name":"top","workspaces":["packages/*"]},
                 "node_modules/lib":{"resolved":"packages/lib","link":true},
                 "node_modules/web":{"resolved":"packages/web","link":true},
                 "packages/lib":{"version":"1.0.0"},
                 "packages/web":{"version":"1.0.0","dependencies":{"lib":"1.0.0"}}}}
                """)
            try await project.commit("one")
            try await project.deploy()
            #expect(try await project.get().text == "the library in /app/packages/web")
            try project.write("packages/lib/lib.js", "module.exports = 'the new library';")
            try await project.commit("two")
            let again = try await project.push()
            #expect(again.status == 0, "\(again.errorText)")
            #expect(again.errorText.contains("npm ci (workspace) not needed"), "\(again.errorText)")
            #expect(try await project.get().text == "the new library in /app/packages/web")
        }

        @Test func `a node version that the server does not have is told before anything is installed`() async throws {
            let project = try await Project("kind-version", template: "node")
            try await project.commitNode("one")
            try await project.deploy()
            try project.write("package.json", #"{"scripts":{"start":"node server.js"},"engines":{"node":">=99"}}"#)
            try project.write("install.sh", "echo too far\n")
            try await project.commit("two")
            let push = try await project.push()
            #expect(push.status != 0 && !push.errorText.contains("too far"), "\(push.errorText)")
            #expect(
                push.errorText.contains(
                    /package\.json \(engines\.node\) wants node >=99, and this server has \d+\.\d+\.\d+/),
                "\(push.errorText)")
            #expect(try await project.get().text == "one")
            try project.remove("install.sh")
            try project.write("package.json", #"{"scripts":{"start":"node server.js"},"engines":{"node":">=1"}}"#)
            try await project.commit("three")
            try await project.deploy()
        }

        @Test func `a site in a folder of its repository publishes that folder only, also after a restart`()
            async throws
        {
            let project = try await Project("kind-monorepo", template: "static")
            try project.write("berth.yaml", "root: sites/www\noutput: public\n")
            try project.write("sites/www/public/index.html", "the site")
            try project.write("sites/www/source.txt", "not for you")
            try project.write("secret.txt", "nor this")
            try await project.commit("one")
            try await project.deploy()
            #expect(try await project.get().text == "the site")
            for path in ["/source.txt", "/secret.txt", "/berth.yaml", "/sites/www/public/index.html"] {
                #expect(try await project.get(path).status == 404, "\(path)")
            }
            try await project.berthd.crash()
            try await project.berthd.start()
            #expect(try await project.get().text == "the site")
            try project.write("sites/www/public/index.html", "the second")
            try await project.commit("two")
            try await project.deploy()
            #expect(try await project.get().text == "the second")
        }

        @Test func `a folder that a build swaps for a link publishes nothing of the server's`() async throws {
            let project = try await Project("kind-link", template: "static")
            try project.write("berth.yaml", "root: site\n")
            try project.write("site/index.html", "fine")
            try project.write("site/install.sh", "cd .. && rm -rf site && ln -s /etc site")
            try await project.commit("one")
            let push = try await project.push()
            #expect(push.status != 0)
            #expect(push.errorText.contains("the build left no folder site"), "\(push.errorText)")
        }

        @Test func `markdown becomes pages`() async throws {
            let project = try await Project("kind-docs", template: "docs")
            try project.write("mkdocs.yml", "site_name: Guide\nnav:\n  - Home: index.md\n  - More: more.md\n")
            try project.write("docs/index.md", "# Welcome\n\nSome *text*.\n")
            try project.write("docs/more.md", "# More\n")
            try await project.commit("one")
            try await project.deploy()
            #expect(try await project.get().text.contains("<em>text</em>"))
            #expect(try await project.get("/more/").status == 200)
            #expect(try await project.get("/mkdocs.yml").status == 404)
        }

        @Test func `an app's own values go before its template's`() async throws {
            let project = try await Project("kind-own", template: "node")
            try project.write("package.json", #"{"scripts":{"start":"exit 1","build":"exit 1"}}"#)
            try project.write(
                "berth.yaml",
                """
                build: echo compiled > out.txt
                start: node main.js
                release: echo "released what was $(cat out.txt)"
                health: {path: /up, seconds: 20}
                limits: {memory: 96M, processes: 40}
                """)
            try project.write(
                "main.js",
                """
                const fs = require('fs');
                require('http').createServer((q, r) => {
                    if (q.url === '/up') return r.end('up');
                    if (q.url === '/memory') {
                        const files = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];
                        return r.end(fs.readFileSync(files.find((file) => fs.existsSync(file))));
                    }
                    if (q.url !== '/') { r.statusCode = 500; return r.end(); }
                    r.end(fs.readFileSync('out.txt'));
                }).listen(process.env.PORT);
                """)
            try await project.commit("one")
            let push = try await project.push()
            #expect(push.status == 0, "\(push.errorText)")
            let lines = [
                "build finished (", "released what was compiled", "release finished (", "starting container...",
            ]
            let places = lines.map { push.errorText.firstRange(of: $0)?.lowerBound }
            let found = places.compactMap { $0 }
            #expect(found.count == lines.count && found == found.sorted(), "\(push.errorText)")
            #expect(try await project.get().text == "compiled\n")
            #expect(try await project.get("/memory").text == "\(96 << 20)\n")
        }

        @Test(arguments: [
            ("start: node a\nstrat: node b\n", "berth.yaml:2:1: unknown key \"strat\"; did you mean \"start\"?"),
            ("root: web\n", "berth.yaml:1:7: root: there is no folder web in the repository"),
            (
                "limits: {memory: 900G}\n",
                "berth.yaml:1:18: limits.memory is 921600 MiB; this server gives at most 2048 MiB"
            ),
            ("output: dist\n", "berth.yaml:1:9: output: the template node publishes no files"),
        ])
        func `a mistake in berth yaml fails the deploy with its place, and the version before stays`(
            _ text: String, _ reason: String
        ) async throws {
            let name = "kind-mistake-\(text.utf8.count)"
            let project = try await Project(name, template: "node")
            try await project.commitNode("one")
            try await project.deploy()
            try project.write("berth.yaml", text)
            try await project.commitNode("two")
            let push = try await project.push()
            #expect(push.status != 0)
            #expect(push.errorText.contains(reason), "\(push.errorText)")
            #expect(!push.errorText.contains("checked out"), "\(push.errorText)")
            #expect(try await project.get().text == "one")
        }

        @Test func `a folder to publish that is not there fails the deploy, and the sources stay with their owner`()
            async throws
        {
            let project = try await Project("kind-no-output", template: "static")
            try project.write("index.html", "the sources")
            try project.write("berth.yaml", "output: dist\n")
            try await project.commit("one")
            let push = try await project.push()
            #expect(push.status != 0)
            #expect(push.errorText.contains("berth.yaml:1:9: output: there is no folder dist/"), "\(push.errorText)")
            #expect(try await project.get().status != 200)
        }
    }
}
