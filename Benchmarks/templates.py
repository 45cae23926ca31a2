"""How long each kind of repository takes from the push until it is live: the table of docs/TEMPLATES.md."""

import dataclasses
import io
import json
import pathlib
import statistics
import subprocess
import time
import typing
import zipfile

import processes
from berthd import Berthd

ROUNDS = 5
NODE = """const text = {text};
require('http').createServer((request, response) => response.end(text)).listen(process.env.PORT);
"""
PYTHON = """
import os
from wsgiref.simple_server import make_server
{imports}
def app(environ, start):
    start('200 OK', [('Content-Type', 'text/plain')])
    return [{text}.encode()]
make_server('0.0.0.0', int(os.environ['PORT']), app).serve_forever()
"""
WSGI = """
def application(environ, start):
    start('200 OK', [('Content-Type', 'text/plain')])
    return [b'wsgi']
"""
# What gunicorn does with the template's command line: no package index is needed.
GUNICORN = """
import importlib, sys
from wsgiref.simple_server import make_server
def main():
    host, port = sys.argv[2].split(':')
    module, name = sys.argv[3].split(':')
    sys.path.insert(0, '')
    make_server(host, int(port), getattr(importlib.import_module(module), name)).serve_forever()
"""
LISTENER = """
import os, socket
listener = socket.create_server(('0.0.0.0', int(os.environ['PORT'])))
while True: listener.accept()
"""
WORKER = """require('fs').writeFileSync(process.env.XHOST_READY_FILE, '');
setInterval(() => {}, 1000);
"""


@dataclasses.dataclass
class Kind:
    """A repository as people have it, and the table's words for it."""

    name: str
    repository: str
    template: str
    run: str
    served: str
    files: dict[str, typing.Any]
    # A file whose change makes the later versions.
    changed: str
    fails: bool = False
    # What the repository is taken for, where that is not its template.
    detected: str = ""


def measure(server: Berthd, folder: pathlib.Path) -> list[str]:
    """The table's lines."""
    lines = [
        "| repository | detected as | what is run | what is served | first push | a file changed |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    _push_theme(server, folder / "theme")
    for kind in _kinds():
        first, later = _times(server, folder / f"kind-{kind.name}", kind)
        lines.append(
            f"| {kind.repository} | {kind.detected or kind.template} | {kind.run} | {kind.served} | {first:.1f} s | {later:.1f} s |")
    return lines


def _times(server: Berthd, copy: pathlib.Path, kind: Kind) -> tuple[float, float]:
    """Seconds until the first push returned, and the median of later ones that change a file."""
    url = server.create_app(copy.name, kind.template)
    git = _repository(copy, kind.files)
    if kind.name == "submodule":
        _add_theme(git, copy)
    first = _push(git, url, kind)
    later = []
    for number in range(ROUNDS):
        with open(copy / kind.changed, "a") as file:
            file.write("\n" if kind.changed.endswith((".json", ".yml", ".yaml")) else f"\n{_comment(kind.changed)} {number}\n")
        later.append(_push(git, url, kind))
    return first, statistics.median(later)


def _comment(path: str) -> str:
    return "//" if path.endswith(".js") else "#"


def _repository(copy: pathlib.Path, files: dict[str, typing.Any]) -> tuple:
    for path, content in files.items():
        file = copy / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            file.write_text(content if isinstance(content, str) else json.dumps(content))
    git = ("git", "-C", copy)
    processes.run(*git, "init", "--quiet", "--initial-branch=master")
    return git


def _push(git: tuple, url: str, kind: Kind) -> float:
    processes.run(*git, "add", "--all")
    processes.run(*git, "commit", "--quiet", "--message", "next")
    command = [str(part) for part in (*git, "push", "--quiet", url, "HEAD:refs/heads/master")]
    begun = time.perf_counter()
    push = subprocess.run(command, env=processes.ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    if (push.returncode != 0) != kind.fails:
        raise RuntimeError(f"push of {kind.name} exited {push.returncode}:\n{push.stderr}")
    return seconds


def _push_theme(server: Berthd, copy: pathlib.Path) -> None:
    git = _repository(copy, {"style.css": "body { color: teal }"})
    url = server.create_app("theme", "static")
    _push(git, url, Kind("theme", "", "static", "", "", {}, ""))


def _add_theme(git: tuple, copy: pathlib.Path) -> None:
    commit = processes.run("git", "-C", copy.parent / "theme", "rev-parse", "HEAD").strip()
    (copy / ".gitmodules").write_text('[submodule "theme"]\n\tpath = theme\n\turl = ../theme.git\n')
    # What `git submodule add` does, without a clone.
    processes.run(*git, "add", ".gitmodules")
    processes.run(*git, "clone", "--quiet", copy.parent / "theme", copy / "theme")
    processes.run(*git, "update-index", "--add", "--cacheinfo", f"160000,{commit},theme")


def _kinds() -> list[Kind]:
    start = {"scripts": {"start": "node server.js"}}
    node = {"package.json": start, "server.js": NODE.format(text="'node'")}
    return [
        Kind("html", "plain HTML", "static", "nothing", "the root", {"index.html": "<h1>hello</h1>"}, "index.html"),
        Kind(
            "generated", "a site that `install.sh` generates into `dist/`", "static", "`install.sh`", "`dist/`",
            {"page.txt": "made", "install.sh": "mkdir -p dist && cp page.txt dist/index.html"}, "page.txt",
            detected="nothing; static was chosen"),
        Kind(
            "folder", "a site in a folder of a larger repository (`root`, `output`)", "static", "nothing",
            "that folder's output", {"berth.yaml": "root: sites/www\noutput: public\n", "sites/www/public/index.html": "site"},
            "sites/www/public/index.html"),
        Kind("node", "node without packages", "node", "nothing", "the `start` script", node, "server.js"),
        Kind(
            "lock", "node with a lock file and a `build` script", "node", "`npm ci`, `npm run build`",
            "the `start` script", _with_lock(), "server.js"),
        Kind(
            "workspace", "an npm workspace (`root: packages/web`)", "node", "`npm ci` in the repository's root",
            "the package's `start` script", _workspace(), "packages/web/web.js"),
        Kind(
            "own", "node with `berth.yaml` (own build, start, health, limits)", "node", "the build line", "the start line",
            {
                "package.json": {"scripts": {"start": "exit 1", "build": "exit 1"}},
                "berth.yaml": "build: echo compiled > out.txt\nstart: node main.js\nhealth: {path: /up, seconds: 20}\n"
                "limits: {memory: 96M, processes: 40}\n",
                "main.js": NODE.format(text="require('fs').readFileSync('out.txt')"),
            }, "main.js"),
        Kind(
            "wsgi", "python WSGI: a `wsgi.py`, and gunicorn among the requirements", "python", "`pip install`",
            "gunicorn with `wsgi:application`",
            {
                "requirements.txt": "gunicorn @ file:///app/gunicorn-1.0-py3-none-any.whl\n",
                "gunicorn-1.0-py3-none-any.whl": _wheel("gunicorn", GUNICORN, has_program=True), "wsgi.py": WSGI,
            }, "wsgi.py"),
        Kind(
            "python", "python with requirements and a `Procfile` with `web` and `release`", "python",
            "`pip install`, the `release` line", "the `web` line",
            {
                "requirements.txt": "./greet-1.0-py3-none-any.whl\n",
                "greet-1.0-py3-none-any.whl": _wheel("greet", "TEXT = 'hello from a wheel'"),
                "Procfile": "web: python3 -u serve.py\nrelease: psql \"$DATABASE_URL\" -c 'SELECT 1'\n",
                "serve.py": PYTHON.format(imports="import greet", text="greet.TEXT"),
            }, "serve.py"),
        Kind(
            "tcp", "a program that accepts connections only (`check: tcp`)", "python", "nothing", "`app.py`",
            {"berth.yaml": "health: {check: tcp, seconds: 20}\n", "app.py": LISTENER}, "app.py"),
        Kind(
            "worker", "a worker that says when it is ready (`kind: worker`, `check: file`)", "node", "nothing",
            "a plain page, while the `start` script runs",
            {**node, "server.js": WORKER, "berth.yaml": "kind: worker\nhealth: {check: file, seconds: 20}\n"}, "server.js"),
        Kind(
            "docs", "Markdown with `mkdocs.yml`", "docs", "`mkdocs build`", "`site/`",
            {"mkdocs.yml": "site_name: Guide\nnav:\n  - Home: index.md\n", "docs/index.md": "# Welcome\n"}, "docs/index.md"),
        Kind(
            "submodule", "a submodule: another app (`../theme.git`), or an `https://` address", "static",
            "`git fetch` for the latter", "the root, with the submodule's files", {"index.html": "home"}, "index.html"),
        Kind(
            "mistake", "a mistake in `berth.yaml`", "node",
            "nothing: the deploy fails with file, line and column", "the version before",
            {**node, "berth.yaml": "strat: node b\n"}, "server.js", fails=True),
    ]


def _with_lock() -> dict[str, typing.Any]:
    app = {"name": "app", "version": "1.0.0", "dependencies": {"hello": "file:hello"}}
    return {
        "hello/package.json": {"name": "hello", "version": "1.0.0", "main": "index.js"},
        "hello/index.js": "module.exports = 'from a package';",
        "package.json": {**app, "scripts": {"build": "echo built > built.txt", "start": "node server.js"}},
        "package-lock.json": {
            "name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": True,
            "packages": {
                "": app, "hello": {"version": "1.0.0"}, "node_modules/hello": {"resolved": "hello", "link": True},
            },
        },
        "server.js": NODE.format(text="require('hello')"),
    }


def _workspace() -> dict[str, typing.Any]:
    link = {"link": True}
    return {
        "berth.yaml": "root: packages/web\n",
        "package.json": {"name": "top", "private": True, "workspaces": ["packages/*"]},
        "packages/lib/package.json": {"name": "lib", "version": "1.0.0", "main": "lib.js"},
        "packages/lib/lib.js": "module.exports = 'the library';",
        "packages/web/package.json": {
            "name": "web", "version": "1.0.0", "dependencies": {"lib": "1.0.0"}, "scripts": {"start": "node web.js"},
        },
        "packages/web/web.js": NODE.format(text="require('lib')"),
        "package-lock.json": {
            "name": "top", "lockfileVersion": 3, "requires": True,
            "packages": {
                "": {"name": "top", "workspaces": ["packages/*"]},
                "node_modules/lib": {"resolved": "packages/lib", **link},
                "node_modules/web": {"resolved": "packages/web", **link},
                "packages/lib": {"version": "1.0.0"},
                "packages/web": {"version": "1.0.0", "dependencies": {"lib": "1.0.0"}},
            },
        },
    }


def _wheel(name: str, module: str, has_program: bool = False) -> bytes:
    """A package that needs no index."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": module,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if has_program:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{name} = {name}:main\n"
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return content.getvalue()
