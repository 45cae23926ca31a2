"""How long from `git push` until the new version answers, against the push alone to git's own server."""

import pathlib
import statistics
import subprocess
import threading
import time

import processes
from berthd import Berthd
from reference import GitHTTPBackend

NODE_PACKAGE = '{"name":"bench","version":"1.0.0","scripts":{"start":"node server.js"}}\n'
NODE_SERVER = """const http = require('http');
http.createServer((request, response) => response.end('{version}')).listen(process.env.PORT);
"""


def measure(server: Berthd, backend: GitHTTPBackend, folder: pathlib.Path, rounds: int) -> list[str]:
    """The table's lines."""
    static = _compare("bench-static", "static", server, backend, folder, rounds)
    node = _compare("bench-node", "node", server, backend, folder, rounds)
    ratio = statistics.median(static.live) / statistics.median(static.bare)
    more = statistics.median(node.live) - statistics.median(node.bare)
    return [
        f"One file changed, medians over {rounds} interleaved rounds (quartiles in brackets).",
        "",
        "| | bare push to git http-backend | push start to new version answering | `git push` returned | |",
        "| --- | --- | --- | --- | --- |",
        f"| static site of 200 files | {_show(static.bare)} | {_show(static.live)} | {_show(static.pushed)} "
        f"| **{ratio:.2f} ×** (wanted: at most 1.5 ×) |",
        f"| node app without dependencies | {_show(node.bare)} | {_show(node.live)} | {_show(node.pushed)} "
        f"| **+{more * 1000:.0f} ms** (wanted: at most +600 ms) |",
    ]


class Times:
    """Seconds, one value a round."""

    def __init__(self):
        self.bare, self.live, self.pushed = [], [], []


def _compare(name, template, server, backend, folder, rounds) -> Times:
    copy = folder / name
    copy.mkdir()
    git = ("git", "-C", copy)
    processes.run(*git, "init", "--quiet", "--initial-branch=master")
    processes.run(*git, "remote", "add", "berth", server.create_app(name, template))
    processes.run(*git, "remote", "add", "bare", backend.create(name))
    write = _write_static if template == "static" else _write_node

    times = Times()
    # The first two rounds make the repositories and warm what can be warm; they are not counted.
    for number in range(-2, rounds):
        version = f"version {number}"
        write(copy, version, first=number == -2)
        processes.run(*git, "add", "--all")
        processes.run(*git, "commit", "--quiet", "--message", version)
        # Who goes first alternates, so that neither finds the other's warm caches each time.
        if number % 2 == 0:
            bare = _timed_push(git, "bare")
            live, pushed = push_until_live(git, server, server.site(name), version)
        else:
            live, pushed = push_until_live(git, server, server.site(name), version)
            bare = _timed_push(git, "bare")
        if number >= 0:
            times.bare.append(bare)
            times.live.append(live)
            times.pushed.append(pushed)
    return times


def _write_static(copy: pathlib.Path, version: str, first: bool) -> None:
    if first:
        for number in range(199):
            path = copy / f"section-{number % 10}" / f"page-{number}.html"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"<title>Page {number}</title>\n" + f"<p>Paragraph {number}</p>\n" * 100)
    (copy / "index.html").write_text(version)


def _write_node(copy: pathlib.Path, version: str, first: bool) -> None:
    (copy / "package.json").write_text(NODE_PACKAGE)
    (copy / "server.js").write_text(NODE_SERVER.replace("{version}", version))


def _timed_push(git, remote: str) -> float:
    start = time.perf_counter()
    processes.run(*git, "push", "--quiet", remote, "HEAD:refs/heads/master")
    return time.perf_counter() - start


def push_until_live(git, server: Berthd, host: str, version: str, seconds: float = 120) -> tuple[float, float]:
    """Seconds from the start of the push until the site answers with `version`, and until git returned."""
    seen, ready = [], threading.Event()

    def watch():
        connection = server.connect()
        connection.connect()
        ready.set()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            connection.request("GET", "/", headers={"Host": host})
            answer = connection.getresponse()
            if answer.read() == version.encode() and answer.status == 200:
                seen.append(time.perf_counter())
                break
            # Often enough for the figures, seldom enough not to load what is measured.
            time.sleep(0.002)
        connection.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    ready.wait()
    start = time.perf_counter()
    push = subprocess.run(
        [str(argument) for argument in (*git, "push", "--quiet", "berth", "HEAD:refs/heads/master")],
        env=processes.ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    end = time.perf_counter()
    watcher.join()
    if push.returncode != 0 or not seen:
        raise RuntimeError(f"push of {version} exited {push.returncode}:\n{push.stderr}\n{server.log.read_text()[-4000:]}")
    return seen[0] - start, end - start


def _show(seconds: list[float]) -> str:
    low, middle, high = (value * 1000 for value in statistics.quantiles(seconds, n=4))
    return f"{middle:.0f} ms ({low:.0f}–{high:.0f})"
