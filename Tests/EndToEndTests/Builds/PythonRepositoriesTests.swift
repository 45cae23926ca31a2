import Foundation
import ServerTestSupport
import Testing

extension EndToEnd {
    /// Repositories of Python programs as people have them.
    @Suite struct PythonRepositories {
        /// Puts a package into the repository, so that no index is needed: a wheel with one module, whose `main` may be a program.
        private func writeWheel(
            _ name: String, _ module: String, to project: Project, hasProgram: Bool = false
        ) async throws {
            try project.write("\(name).source", module)
            try project.write(
                "make.py",
                """
                import os, zipfile
                name, info = '\(name)', '\(name)-1.0.dist-info/'
                files = {
                    name + '.py': open(name + '.source').read(),
                    info + 'METADATA': 'Metadata-Version: 2.1\\nName: ' + name + '\\nVersion: 1.0\\n',
                    info + 'WHEEL': 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n',
                }
                if \(hasProgram ? "True" : "False"):
                    files[info + 'entry_points.txt'] = '[console_scripts]\\n' + name + ' = ' + name + ':main\\n'
                files[info + 'RECORD'] = ''.join(path + ',,\\n' for path in [*files, info + 'RECORD'])
                with zipfile.ZipFile(name + '-1.0-py3-none-any.whl', 'w') as wheel:
                    for path, text in files.items():
                        wheel.writestr(path, text)
                os.remove(name + '.source')
                """)
            try await project.runInFolder("python3", "make.py")
            try project.remove("make.py")
        }

        @Test func `a WSGI app is served by gunicorn when its packages list it`() async throws {
            let project = try await Project("kind-wsgi", template: "python")
            // What gunicorn does with such a command line, so that the real one is not needed.
            try await writeWheel(
                "gunicorn",
                """
                import importlib, sys
                from wsgiref.simple_server import make_server
                def main():
                    assert sys.argv[1] == '--bind', sys.argv
                    host, port = sys.argv[2].split(':')
                    module, name = sys.argv[3].split(':')
                    sys.path.insert(0, '')
                    make_server(host, int(port), getattr(importlib.import_module(module), name)).serve_forever()
                """, to: project, hasProgram: true)
            try project.write("requirements.txt", "gunicorn @ file:///app/gunicorn-1.0-py3-none-any.whl\n")
            try project.write(
                "wsgi.py",
                """
                def application(environ, start):
                    start('200 OK', [('Content-Type', 'text/plain')])
                    return [('WSGI at ' + environ['PATH_INFO']).encode()]
                """)
            try await project.commit("one")
            let push = try await project.push()
            #expect(push.status == 0, "\(push.errorText)")
            #expect(push.errorText.contains(/pip install.* finished/), "\(push.errorText)")
            #expect(try await project.get("/here").text == "WSGI at /here")
        }

        @Test func `a python app gets its packages and runs its web and release lines`() async throws {
            let project = try await Project("kind-python", template: "python")
            try await writeWheel("greet", "TEXT = 'hello from a wheel'", to: project)
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
    }
}
