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

        @Test func `a python app gets its packages and runs its web and release lines`() async throws {
            let project = try await Project("kind-python", template: "python")
            // A wheel in the repository: no package index is needed.
            let wheel = """
                import zipfile, base64, sys
                z = zipfile.ZipFile('greet-1.0-py3-none-any.whl', 'w')
                z.writestr('greet.py', "TEXT = 'hello from a wheel'")
                z.writestr('greet-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: greet\\nVersion: 1.0\\n')
                z.writestr('greet-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
                z.writestr('greet-1.0.dist-info/RECORD', 'greet.py,,\\ngreet-1.0.dist-info/METADATA,,\\ngreet-1.0.dist-info/WHEEL,,\\ngreet-1.0.dist-info/RECORD,,\\n')
                z.close()
                """
            try project.write("make.py", wheel)
            try await project.runInFolder("python3", "make.py")
            try project.write("requirements.txt", "./greet-1.0-py3-none-any.whl\n")
            try project.write(
                "Procfile",
                "web: python3 -u serve.py\nrelease: psql \"$DATABASE_URL\" -c 'CREATE TABLE released (x int)'\n")
            try project.write(
                "serve.py",
                """
                import greet, os
                from wsgiref.simple_server import make_server
                def app(environ, start):
                    start('200 OK', [('Content-Type', 'text/plain')])
                    return [greet.TEXT.encode()]
                make_server('0.0.0.0', int(os.environ['PORT']), app).serve_forever()
                """)
            try await project.commit("one")
            let push = try await project.push()
            #expect(push.status == 0, "\(push.errorText)")
            #expect(push.errorText.contains("CREATE TABLE"), "\(push.errorText)")
            #expect(try await project.get().text == "hello from a wheel")
            // The release command fails now: the table is there. The old version goes on.
            let again = try await project.pushAgain()
            #expect(again.status != 0 && again.errorText.contains("release exited 1"), "\(again.errorText)")
            #expect(try await project.get().text == "hello from a wheel")
        }

        @Test func `packages of python are taken over while their list is as it was`() async throws {
            let project = try await Project("kind-venv", template: "python")
            try project.write("requirements.txt", "# Nothing that an index would have to be asked for.\n")
            func deploy(_ text: String) async throws -> String {
                try project.write(
                    "app.py",
                    """
                    import os, sys
                    from wsgiref.simple_server import make_server
                    def app(environ, start):
                        start('200 OK', [('Content-Type', 'text/plain')])
                        return [('\(text) in ' + sys.prefix).encode()]
                    make_server('0.0.0.0', int(os.environ['PORT']), app).serve_forever()
                    """)
                try await project.commit(text)
                let push = try await project.push()
                #expect(push.status == 0, "\(push.errorText)")
                return push.errorText
            }
            #expect(try await deploy("one").contains("pip install finished"))
            #expect(try await project.get().text == "one in /app/.venv")
            #expect(try await deploy("two").contains("pip install not needed"))
            #expect(try await project.get().text == "two in /app/.venv")
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
                health: {path: /up, seconds: 20}
                limits: {memory: 96M, processes: 40}
                """)
            try project.write(
                "main.js",
                """
                const fs = require('fs');
                require('http').createServer((q, r) => {
                    if (q.url === '/up') return r.end('up');
                    if (q.url === '/broken') { r.statusCode = 500; return r.end(); }
                    r.end(fs.readFileSync('out.txt'));
                }).listen(process.env.PORT);
                """)
            try await project.commit("one")
            try await project.deploy()
            #expect(try await project.get().text == "compiled\n")
        }

        @Test func `an app that only accepts connections may say that this is enough`() async throws {
            let project = try await Project("kind-tcp", template: "python")
            try project.write("berth.yaml", "health: {check: tcp, seconds: 20}\n")
            try project.write(
                "app.py",
                """
                import os, socket
                s = socket.create_server(('0.0.0.0', int(os.environ['PORT'])))
                while True:
                    s.accept()
                """)
            try await project.commit("one")
            try await project.deploy()
            #expect(try await project.prod.status == "running")
        }

        @Test(arguments: [
            ("start: node a\nstrat: node b\n", "berth.yaml:2:1: unknown key \"strat\"; did you mean \"start\"?"),
            ("root: web\n", "berth.yaml: root: there is no folder web in the repository"),
            ("limits: {memory: 900G}\n", "limits.memory is 921600 MiB; this server gives at most 2048 MiB"),
            ("output: dist\n", "berth.yaml: output: the template node publishes no files"),
        ])
        func `a mistake in berth yaml fails the deploy with its place`(_ text: String, _ reason: String) async throws {
            let name = "kind-mistake-\(text.utf8.count)"
            let project = try await Project(name, template: "node")
            try project.write("berth.yaml", text)
            try await project.commitNode("one")
            let push = try await project.push()
            #expect(push.status != 0)
            #expect(push.errorText.contains(reason), "\(push.errorText)")
        }
    }
}
