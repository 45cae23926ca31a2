"""The REST API with many apps in it, against a route that does nothing but answer the same bytes."""

import contextlib
import json
import pathlib
import re
import socket
import statistics
import time

import processes
from berthd import Berthd

USERS, APPS, CHANNELS = 10, 100, 3
# Of one user more, whose figures are asked for: 1,002 channels.
WIDE_APPS = 334
# Different apps that are asked for in turn.
IDS = 50
ROUNDS, SECONDS = 7, 4


def measure(server: Berthd, root: pathlib.Path, folder: pathlib.Path) -> list[str]:
    """The table's lines."""
    tokens = [server.token] + [server.add_user(f"bench-{number}") for number in range(1, USERS)]
    wide = server.add_user("bench-wide")
    created = []
    for number in range(APPS):
        for token in tokens:
            _create(server, token, number, created)
    for number in range(WIDE_APPS):
        _create(server, wide, number, [])
    for token in tokens:
        _wait_until_provisioned(server, token, APPS * CHANNELS)
    _wait_until_provisioned(server, wide, WIDE_APPS * CHANNELS)
    _deploy_everything(server, wide, "bench-wide", folder)

    apps = json.loads(_ask(server, tokens[0], "GET", "/apps"))["apps"]
    list_bytes = len(_ask(server, tokens[0], "GET", "/apps"))
    one, many = [f"/apps/{app['id']}" for app in apps[:IDS]], ["/apps"]
    ours, theirs = _compare(server, root, folder, one, tokens[0])
    lists, bare_lists = _compare(server, root, folder, many, tokens[0])
    (rate, _), (bare_rate, _), (list_rate, list_p99), (_, bare_p99) = map(_medians, (ours, theirs, lists, bare_lists))
    stats = ["/api/user/stats"]
    cold = _cold(server, wide, stats[0], lambda number: _ask(server, tokens[0], "POST", one[0] + "/env", {"key": "BENCH", "value": str(number)}))
    _, stats_p99 = _load(folder, server.port, stats, wide, connections=1)
    _, busy_p99 = _load(folder, server.port, stats, wide, connections=4)
    return [
        f"{USERS * APPS} apps with {CHANNELS} channels each, of {USERS} users, and {WIDE_APPS} of one more; wrk with one thread and 64 connections, on the "
        f"same two cores; medians over {ROUNDS} interleaved rounds of {SECONDS} s.",
        "",
        "| | | |",
        "| --- | --- | --- |",
        f"| `GET /apps/{{id}}` of {IDS} apps in turn, through router, token and store | {rate:,.0f} requests/s | "
        f"**{rate / bare_rate:.2f}** of the bare route (wanted: at least 0.5; 15,000 requests/s) |",
        f"| a bare Hummingbird route with the same bytes, reached directly | {bare_rate:,.0f} requests/s | |",
        f"| `GET /apps` of a user with {APPS} apps, {APPS * CHANNELS} channels | {list_rate:,.0f} requests/s | p99 **{list_p99:.1f} ms** (wanted: at most 10 ms) |",
        f"| the bare route with these bytes, {list_bytes / 1024:.0f} KiB | | p99 {bare_p99:.1f} ms |",
        f"| `GET /api/user/stats` of a user with {WIDE_APPS * CHANNELS:,} live channels, each after something else was changed | | p50 **{cold:.1f} ms** (wanted: at most 10 ms) |",
        f"| the same again and again, mostly kept answers | | p99 {stats_p99:.1f} ms |",
        f"| the same, asked for over 4 connections at once | | p99 {busy_p99:.1f} ms |",
        f"| `POST /apps`, one after another | | p50 {statistics.median(created) * 1000:.1f} ms (wanted: at most 30 ms) |",
    ]


def _cold(server: Berthd, token: str, path: str, change) -> float:
    """The median in milliseconds of answers that are asked for right after something was changed: nothing kept is of use."""
    times = []
    for number in range(100):
        change(number)
        begun = time.perf_counter()
        _ask(server, token, "GET", path)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def _deploy_everything(server: Berthd, token: str, user: str, folder: pathlib.Path) -> None:
    """A site of one page on each channel, all of which take the branch that is pushed."""
    copy = folder / "wide"
    copy.mkdir()
    git = ("git", "-C", copy)
    processes.run(*git, "init", "--quiet", "--initial-branch=master")
    (copy / "index.html").write_text("bench")
    processes.run(*git, "add", "--all")
    processes.run(*git, "commit", "--quiet", "--message", "bench")
    for number in range(WIDE_APPS):
        address = f"http://{user}:{token}@git.localhost:{server.port}/{user}/bench-{number}.git"
        processes.run(*git, "push", "--quiet", address, "master")
    def live() -> bool:
        platform = json.loads(_ask(server, token, "GET", "/api/user/stats"))["platform"]
        return platform["running_channels"] == platform["success_last_day"] == WIDE_APPS * CHANNELS
    processes.wait_for("every channel is live", live, seconds=300)


def _compare(
    server: Berthd, root: pathlib.Path, folder: pathlib.Path, paths: list[str], token: str
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """What `_load` says of us and of the bare route with the bytes of the first path's answer, round by round."""
    ours, theirs = [], []
    with _bare_route(root, folder, _ask(server, token, "GET", paths[0])) as bare:
        # It knows paths of this form only.
        same = [path if path.count("/") > 1 else path + "/all" for path in paths]
        for number in range(ROUNDS):
            pair = [(ours, server.port, paths), (theirs, bare, same)]
            # Who goes first alternates.
            for results, port, asked in pair if number % 2 else reversed(pair):
                results.append(_load(folder, port, asked, token))
    return ours, theirs


def _medians(results: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(rate for rate, _ in results), statistics.median(p99 for _, p99 in results)


def _create(server: Berthd, token: str, number: int, created: list[float]) -> None:
    begun = time.perf_counter()
    app = json.loads(_ask(server, token, "POST", "/apps", {"name": f"bench-{number}"}))
    created.append(time.perf_counter() - begun)
    for name in ("qa", "demo"):
        _ask(server, token, "POST", f"/apps/{app['id']}/channels", {"name": name, "git_ref_binding": "branch:*"})


def _wait_until_provisioned(server: Berthd, token: str, schemas: int) -> None:
    ready = lambda: json.loads(_ask(server, token, "GET", "/me/postgres/storage"))["schema_count"] >= schemas
    processes.wait_for("every schema is there", ready, seconds=900)


def _ask(server: Berthd, token: str, method: str, path: str, body=None) -> bytes:
    text = None if body is None else json.dumps(body)
    status, answer = server.request(method, "api.localhost", path, text, {"Authorization": f"Bearer {token}"})
    if status not in (200, 204):
        raise RuntimeError(f"{method} {path}: {status} {answer!r}")
    return answer


@contextlib.contextmanager
def _bare_route(root: pathlib.Path, folder: pathlib.Path, body: bytes):
    """The reference's port, while it runs."""
    (folder / "answer.json").write_bytes(body)
    port = processes.free_port()
    process = processes.start(root / ".build/release/bare-route", port, folder / "answer.json", log=folder / "bare.log")
    try:
        processes.wait_for("the bare route answers", lambda: _answers(port))
        yield port
    finally:
        processes.stop(process)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def _load(
    folder: pathlib.Path, port: int, paths: list[str], token: str, connections: int = 64
) -> tuple[float, float]:
    """Requests a second, and the 99th percentile in milliseconds. The paths are asked for in turn."""
    script = folder / "paths.lua"
    script.write_text(
        "local paths = {" + ", ".join(f'"{path}"' for path in paths) + "}\n"
        "local index = 0\n"
        "request = function() index = index % #paths + 1; return wrk.format('GET', paths[index]) end\n"
    )
    output = processes.run(
        "wrk", "--threads", 1, "--connections", connections, "--duration", f"{SECONDS}s", "--latency", "--script", script,
        "--header", "Host: api.localhost", "--header", f"Authorization: Bearer {token}", f"http://127.0.0.1:{port}",
    )
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(output)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1))
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
    return rate, float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
