"""What keeping strangers apart costs: at the start of a container, on the network path, and a neighbour while others attack."""

import collections
import http.client
import json
import os
import pathlib
import re
import statistics
import subprocess
import threading
import time

import container_start
import processes
from berthd import Berthd

SERVER = """
const { spawn } = require('child_process');
const attacks = {
    '/bomb': () => spawn('perl', ['-e', 'fork while 1'], { stdio: 'ignore' }),
    '/hog': () => spawn('perl', ['-e', '$x .= "x" x 1e7 while 1'], { stdio: 'ignore' }),
    '/yes': () => spawn('yes', ['x'.repeat(200)], { stdio: 'inherit' }),
};
require('http').createServer((request, response) => response.end('hello', attacks[request.url]))
    .listen(process.env.PORT);
"""
PACKAGE = '{"name":"app","version":"1.0.0","scripts":{"start":"node server.js"}}'

ATTACKS = {
    # First: the memory of what it leaves may go back to a hypervisor.
    "disk filler in a build": "for i in $(seq 600); do dd if=/dev/zero of=part$i bs=1M count=8; done",
    # As much copied and as much of the disk's time, but no new memory: what of the one before is the kernel's finding some.
    "the same over files that are there": "for i in $(seq 600); do dd if=/dev/zero of=part$((i % 32)) bs=1M count=8 conv=notrunc; done",
    # Nothing of it reaches a disk: what of the first is the price of memory.
    "600 MB of memory in a build, within its limit": "perl -e '$x .= \"x\" x 1e7 for 1 .. 60; sleep 9'",
    "fork bomb in a build": "perl -e 'fork while 1'",
    "`while :` on every core in a build": "for i in 1 2 3 4; do while :; do :; done & done; wait",
    "memory hog in a build": "exec perl -e '$x .= \"x\" x 1e7 while 1'",
    "`yes` in a build": "exec yes",
}

# The last one goes on.
INSTANCE_ATTACKS = {"/bomb": "fork bomb", "/hog": "memory hog", "/yes": "`yes`"}


class Node:
    """A working copy of a node app, and its address."""

    def __init__(self, server: Berthd, folder: pathlib.Path, name: str, user: str = "admin"):
        self.server, self.name, self.user = server, name, user
        self.copy = folder / name
        self.copy.mkdir()
        token = None if user == "admin" else server.add_user(user)
        self.url = server.create_app(name, "node", user, token)
        self.git("init", "--quiet", "--initial-branch=master")
        self.write("package.json", PACKAGE)
        self.write("server.js", SERVER)

    def git(self, *arguments) -> None:
        processes.run("git", "-C", self.copy, *arguments)

    def write(self, name: str, text: str) -> None:
        (self.copy / name).write_text(text)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "version")

    def deploy(self) -> None:
        self.commit()
        self.git("push", "--quiet", self.url, "HEAD:refs/heads/master")


def measure(server: Berthd, folder: pathlib.Path, rounds: int) -> list[str]:
    """The tables' lines."""
    neighbour = Node(server, folder, "bench-neighbour")
    neighbour.deploy()
    return [
        *container_start.measure(server, folder, rounds), "", *_network(server, neighbour, folder, rounds), "",
        *_neighbour(server, neighbour, folder),
    ]


# The network path


def _bundle(server: Berthd) -> pathlib.Path:
    runtime = pathlib.Path("/run/berth") / (server.data / "node").read_text().strip()
    return next(path for path in (runtime / "containers").iterdir() if path.name.startswith("i-"))


def _network(server: Berthd, neighbour: Node, folder: pathlib.Path, rounds: int) -> list[str]:
    record = json.loads((_bundle(server) / "record.json").read_text())
    port = processes.free_port()
    beside = processes.start(
        "node", neighbour.copy / "server.js", log=folder / "node.log",
        environment={**processes.ENVIRONMENT, "PORT": str(port)})
    try:
        places = {"inside": f"http://{record['lease']['address']}:8080/", "host": f"http://127.0.0.1:{port}/"}
        for url in places.values():
            processes.wait_for(f"{url} answers", lambda: subprocess.run(["curl", "-so/dev/null", url]).returncode == 0)
        rates = {place: [] for place in places}
        for number in range(max(5, rounds // 3)):
            for place in sorted(places, reverse=number % 2 == 1):
                rates[place].append(_rate(places[place]))
    finally:
        processes.stop(beside)
    middle = {place: statistics.median(values) for place, values in rates.items()}
    return [
        f"The same node program, asked with `wrk -t1 -c16` from the host, medians over {len(rates['host'])} interleaved rounds of 3 s:",
        "",
        "| | requests/s |",
        "| --- | --- |",
        f"| in its namespace, over the bridge | {middle['inside']:,.0f} |",
        f"| on the host, over loopback | {middle['host']:,.0f} |",
        f"| inside ÷ on the host | **{middle['inside'] / middle['host']:.2f}** |",
    ]


def _rate(url: str) -> float:
    text = processes.run("wrk", "-t1", "-c16", "-d3s", url)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))


# A neighbour


class Visitor(threading.Thread):
    """Asks a site 200 times a second and keeps how long each answer took."""

    def __init__(self, server: Berthd, app: str):
        super().__init__()
        self.server, self.app = server, app
        self.times, self.failures = [], 0
        self.done = threading.Event()

    def run(self) -> None:
        # It stands for a client on a machine of its own: what it waits for is to be the server's doing.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        due = time.perf_counter()
        while not self.done.is_set():
            begin = time.perf_counter()
            try:
                connection.request("GET", "/", headers={"Host": self.server.site(self.app)})
                answer = connection.getresponse()
                answer.read()
                self.failures += answer.status != 200
            except OSError:
                self.failures += 1
                connection.close()
            # From when it was due: whoever waits in line counts, too.
            self.times.append(time.perf_counter() - max(due, begin - 0.005))
            due = max(due + 0.005, time.perf_counter())
            time.sleep(max(0, due - time.perf_counter()))
        connection.close()

    def end(self) -> tuple[float, float, int]:
        """Milliseconds at 50 and 99 %, and failures."""
        self.done.set()
        self.join()
        times = sorted(self.times)
        return times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000, self.failures


def _visit(server: Berthd, app: str, seconds: float) -> tuple[float, float, int]:
    visitor = Visitor(server, app)
    visitor.start()
    time.sleep(seconds)
    return visitor.end()


def _fill_page_cache(folder: pathlib.Path) -> None:
    """Has the kernel take all free memory for its cache, as on a machine that has been up for a while. A hypervisor may hand memory
    out only when it is first written to, which costs the writer milliseconds in the kernel for each MiB: not what is measured here."""
    hole = folder / "hole"
    # What the one of the round before takes of the cache is free first.
    hole.unlink(missing_ok=True)
    free = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemFree:"))
    with open(hole, "wb") as file:
        file.truncate(free * 1024)
    with open(hole, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def _neighbour(
    server: Berthd, neighbour: Node, folder: pathlib.Path, seconds: float = 8, rounds: int = 3) -> list[str]:
    attacker = Node(server, folder, "bench-attacker", "stranger")
    seen = collections.defaultdict(list)
    for _ in range(rounds):
        # Ends what goes on from the round before.
        attacker.write("install.sh", "true\n")
        attacker.deploy()
        time.sleep(3)
        _fill_page_cache(folder)
        seen["nothing"].append(_visit(server, neighbour.name, seconds))
        for name, script in ATTACKS.items():
            attacker.write("install.sh", script + "\n")
            attacker.commit()
            push = subprocess.Popen(
                ["git", "-C", str(attacker.copy), "push", "--quiet", attacker.url, "HEAD:refs/heads/master"],
                env=processes.ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            seen[name].append(_visit(server, neighbour.name, seconds))
            push.wait()
        for path, name in INSTANCE_ATTACKS.items():
            # The one before may have ended the instance.
            processes.wait_for("the attacker answers", lambda: _ask(server, attacker, "/") == 200)
            _ask(server, attacker, path)
            seen[f"{name} in an instance"].append(_visit(server, neighbour.name, seconds))
    calm = statistics.median(p99 for _, p99, _ in seen["nothing"])
    return [
        f"A neighbour's node app, asked 200 times a second for {seconds:.0f} s through the router while another user's app attacks; "
        f"the attacks run on the same two processors. The page cache has been filled before. Medians over {rounds} rounds, and "
        "what one round came to at least and at most:",
        "",
        "| meanwhile | p50, ms | p99, ms | ÷ calm p99 | failed |",
        "| --- | --- | --- | --- | --- |",
        *(_row(name, visits, calm) for name, visits in seen.items()),
    ]


def _ask(server: Berthd, app: Node, path: str) -> int:
    return server.request("GET", server.site(app.name, app.user).partition(":")[0], path)[0]


def _row(name: str, visits: list[tuple[float, float, int]], calm: float) -> str:
    p99 = [visit[1] for visit in visits]
    middle = statistics.median(p99)
    ratio = "" if name == "nothing" else f"**{middle / calm:.1f} ×**"
    return (
        f"| {name} | {statistics.median(visit[0] for visit in visits):.1f} | {middle:.1f} ({min(p99):.1f}–{max(p99):.1f}) "
        f"| {ratio} | {sum(visit[2] for visit in visits)} |")
