"""How long the request waits that wakes an app which is asleep, against the app's own cold boot."""

import http.client
import json
import pathlib
import statistics
import subprocess
import time

import processes
from berthd import Berthd
from push import NODE_PACKAGE, NODE_SERVER

# Apps sleep for ten seconds at least: several at a time make thirty wakes in a minute.
APPS, ROUNDS = 10, 3
SLEEP_AFTER = "10s"


def measure(server: Berthd, folder: pathlib.Path) -> list[str]:
    """The table's lines."""
    copy = folder / "bench-wake"
    copy.mkdir()
    git = ("git", "-C", copy)
    processes.run(*git, "init", "--quiet", "--initial-branch=master")
    (copy / "package.json").write_text(NODE_PACKAGE)
    (copy / "server.js").write_text(NODE_SERVER.replace("{version}", "awake"))
    (copy / "berth.yaml").write_text(f"sleep-after: {SLEEP_AFTER}\n")
    processes.run(*git, "add", "--all")
    processes.run(*git, "commit", "--quiet", "--message", "first")
    names = [f"bench-wake-{number}" for number in range(APPS)]
    cold = []
    for name in names:
        processes.run(*git, "push", "--quiet", server.create_app(name, "node"), "HEAD:refs/heads/master")
    for name in names:
        cold.append(_start_step(server, name))

    wakes = []
    for _ in range(ROUNDS):
        for name in names:
            processes.wait_for(f"{name} is asleep", lambda: _states(server, name) == ["asleep"], seconds=120)
        # One after another: what is measured is one request that waits, not a crowd of starts.
        for name in names:
            wakes.append(_wake(server, name))
    bare = [_boot(copy) for _ in range(APPS * ROUNDS)]

    boot = statistics.median(cold)
    p50, p95 = statistics.median(wakes), statistics.quantiles(wakes, n=20)[-1]
    return [
        f"Node hello with `sleep-after: {SLEEP_AFTER}`: {len(wakes)} wakes of {APPS} apps, one after another; from the "
        "request to the first byte of its answer.",
        "",
        "| | p50 | p95 | |",
        "| --- | --- | --- | --- |",
        f"| the request that wakes it | {p50 * 1000:.0f} ms | {p95 * 1000:.0f} ms "
        f"| **{p95 / boot:.2f} ×** its cold boot (wanted: at most 1.5 ×) |",
        f"| its cold boot: the step `start` of its deploy | {boot * 1000:.0f} ms "
        f"| {statistics.quantiles(cold, n=20)[-1] * 1000:.0f} ms | {len(cold)} deploys |",
        f"| `node server.js` on the host until it answers, without a container | {statistics.median(bare) * 1000:.0f} ms "
        f"| {statistics.quantiles(bare, n=20)[-1] * 1000:.0f} ms | |",
    ]


def _ask(server: Berthd, path: str) -> dict:
    status, body = server.request("GET", "api.localhost", path, headers={"Authorization": f"Bearer {server.token}"})
    if status != 200:
        raise RuntimeError(f"GET {path}: {status} {body!r}")
    return json.loads(body)


def _start_step(server: Berthd, name: str) -> float:
    """Seconds that the last deploy's step `start` took."""
    app = server.app_id(name)
    found = []

    def is_known() -> bool:
        deploy = _ask(server, f"/apps/{app}/deploys?limit=1")["deploys"][0]["deploy_id"]
        found[:] = [
            step["duration_ms"] for step in _ask(server, f"/apps/{app}/deploys/{deploy}")["steps"] if step["name"] == "start"
        ]
        return bool(found) and found[0] is not None

    processes.wait_for(f"the steps of {name} are kept", is_known)
    return found[0] / 1000


def _states(server: Berthd, name: str) -> list[str]:
    app = server.app_id(name)
    channel = _ask(server, f"/apps/{app}")["channels"][0]["id"]
    return [instance["state"] for instance in _ask(server, f"/apps/{app}/channels/{channel}/instances")["instances"]]


def _wake(server: Berthd, name: str) -> float:
    """Seconds until the first byte of the answer to the request that wakes the app."""
    connection = server.connect()
    try:
        connection.connect()
        start = time.perf_counter()
        connection.request("GET", "/", headers={"Host": server.site(name)})
        answer = connection.getresponse()
        end = time.perf_counter()
        if answer.status != 200 or answer.read() != b"awake":
            raise RuntimeError(f"{name} answered {answer.status}")
        return end - start
    finally:
        connection.close()


def _boot(copy: pathlib.Path) -> float:
    """Seconds from the start of the process until it answers."""
    port = processes.free_port()
    start = time.perf_counter()
    process = subprocess.Popen(
        ["node", str(copy / "server.js")], env={**processes.ENVIRONMENT, "PORT": str(port)},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while not _answers(port):
            time.sleep(0.001)
            if time.perf_counter() - start > 30:
                raise TimeoutError("node does not answer")
        return time.perf_counter() - start
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
