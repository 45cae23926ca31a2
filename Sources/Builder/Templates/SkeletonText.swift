/// The files that `berthd template new` writes, but for the expected plan, which is made from them.
enum SkeletonText {
    /// By path from the template's folder.
    static func files(name: String) -> [(path: String, text: String)] {
        [
            (TemplateCatalog.manifestName, manifest(name)), ("README.md", readme(name)),
            ("\(TemplateCheck.exampleName)/server.py", server), ("\(TemplateCheck.exampleName)/build.sh", build),
        ]
    }

    private static func manifest(_ name: String) -> String {
        """
        # How repositories are built and started. Every key is described in templates/README.md of Berth.
        schema: 1
        name: \(name)
        description: A Python program without packages that listens on $PORT

        # The template is for repositories that have all of these in the root.
        detect:
          all: [server.py]

        build:
          steps:
            # Runs in a container with the repository at /app, when there is such a file. A step that does not exit with 0
            # fails the deploy.
            - name: build.sh
              when:
                all: [{file: build.sh}]
              command: [sh, build.sh]
              time-limit: 300  # seconds

        run:
          kind: web            # "worker": it answers no requests; "static": nothing runs, and the files are served
          command: [python3, server.py]
          requires: [python3]  # without it the deploy fails and names it
          port-variable: PORT  # how the process learns its port
          health-path: /       # live as soon as GET answers here with a status below 500
          ready-seconds: 30    # how long that may take
          grace-seconds: 5     # between SIGTERM and SIGKILL
          environment:         # the app's own variables go before these
            PYTHONUNBUFFERED: "1"

        """
    }

    private static func readme(_ name: String) -> String {
        """
        # \(name)

        For programs that answer HTTP on `0.0.0.0`, port `$PORT`.

        * `build.sh` is run with `sh`, when there is one.
        * Started: `python3 server.py`, from the repository's root, which is read-only then.

        """
    }

    private static let server = """
        import os
        import signal
        import sys
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        with open("greeting.txt", "rb") as file:
            greeting = file.read()


        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(greeting)))
                self.end_headers()
                self.wfile.write(greeting)


        # A stop begins with SIGTERM.
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
        ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()

        """

    private static let build = """
        # What a step writes is there when the program runs.
        echo "Hello from the example." > greeting.txt

        """
}
