#!/usr/bin/env -S python3 -B
"""Measures the router against nginx, haproxy and caddy: requests for each second of processor time.

The servers run with one worker on one core; load and upstream on the other. Each round measures all of them, one after the
other. Needs wrk, h2load, openssl and the three servers; RouterBench is built with `swift build -c release --product
RouterBench`.
"""

import argparse
import contextlib
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import machine
import report
import router_endurance
import router_peers as peers

POST = 'wrk.method = "POST"\nwrk.body = string.rep("x", 16384)\n'
# name: (host, path, tls, program, arguments, goal as multiple of nginx)
WORK = {
    "proxied GET 1 KiB": ("app", "/1k", False, "wrk", [], 1.0),
    "proxied POST 16 KiB": ("app", "/post", False, "wrk", ["-s", "{folder}/post.lua"], 0.9),
    "proxied download 10 MiB": ("app", "/10m", False, "wrk", ["-c8"], 1.0),
    "proxied, new connection each": ("app", "/1k", False, "wrk", ["-H", "Connection: close"], 0.9),
    "static 1 KiB": ("site", "/1k.txt", False, "wrk", [], 1.5),
    "static 100 KiB": ("site", "/100k.txt", False, "wrk", [], 1.15),
    "static 10 MiB": ("site", "/10m.txt", False, "wrk", ["-c8"], 0.9),
    "static 304": ("site", "/1k.txt", False, "wrk", ["-H", "If-None-Match: {etag}"], 1.3),
    "TLS h1 proxied 1 KiB": ("app", "/1k", True, "wrk", [], 1.0),
    "TLS h1 static 100 KiB": ("site", "/100k.txt", True, "wrk", [], 1.5),
    "TLS h2 proxied 1 KiB": ("app", "/1k", True, "h2load", [], 1.5),
    "TLS h2 static 1 KiB": ("site", "/1k.txt", True, "h2load", [], 3.0),
    "TLS handshakes": ("site", "/1k.txt", True, "wrk", ["-H", "Connection: close"], 1.2),
}


def cpu_seconds(root: int) -> float:
    """Processor time of a process and its children that are alive."""
    ticks, children = 0, {root}
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    grew = True
    while grew:
        more = {pid for pid, (parent, _) in parents.items() if parent in children} - children
        children |= more
        grew = bool(more)
    for pid in children:
        ticks += parents.get(pid, (0, 0))[1]
    return ticks / os.sysconf("SC_CLK_TCK")


def resident(root: int) -> int:
    pids = [root] + [int(p) for p in subprocess.run(["pgrep", "-P", str(root)], capture_output=True, text=True).stdout.split()]
    return sum(int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids) * 4096


def load(
    program: str, port: int, tls: bool, host: str, path: str, extra: list[str], seconds: int
) -> tuple[float, list[float]]:
    """Requests that were answered, and p50 and p99 of the answers in milliseconds where the program tells them."""
    scheme = "https" if tls else "http"
    if program == "h2load":
        url = f"{scheme}://{host}:{port}{path}"
        command = ["h2load", f"--connect-to=127.0.0.1:{port}", "-c16", "-m16", "-t1", f"-D{seconds}", *extra, url]
        text = subprocess.run(["taskset", "-c", "1", *command], capture_output=True, text=True).stdout
        found = re.search(r"(\d+) succeeded", text)
        return (float(found.group(1)) if found else 0.0), []
    options = extra if any(part.startswith("-c") for part in extra) else ["-c64", *extra]
    url = f"{scheme}://127.0.0.1:{port}{path}"
    command = ["wrk", "-t1", f"-d{seconds}s", "--latency", "-H", f"Host: {host}", *options, url]
    text = subprocess.run(["taskset", "-c", "1", *command], capture_output=True, text=True).stdout
    if "Non-2xx" in text and "If-None-Match" not in " ".join(extra):
        raise RuntimeError(f"{url}: {text}")
    found = re.search(r"(\d+) requests in", text)
    tail = re.findall(r"(?m)^\s+(?:50|99)%\s+([\d.]+)(us|ms|s)$", text)
    scale = {"us": 0.001, "ms": 1, "s": 1000}
    return (float(found.group(1)) if found else 0.0), [float(number) * scale[unit] for number, unit in tail]


def etag(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET /1k.txt HTTP/1.1\r\nHost: site.localhost\r\nConnection: close\r\n\r\n")
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    return re.search(rb"(?i)etag: (\S+)", data).group(1).decode()


def idle(port: int, pid: int, count: int) -> float:
    """Bytes that an idle connection costs which has had one answer."""
    def opened(number: int) -> list[socket.socket]:
        kept = []
        for _ in range(number):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(b"GET /1k HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
            got = b""
            while len(got) < 1024 or b"\r\n\r\n" not in got:
                got += connection.recv(65536)
            kept.append(connection)
        return kept
    first = opened(200)
    before = resident(pid)
    kept = opened(count)
    time.sleep(1)
    cost = (resident(pid) - before) / count
    for connection in first + kept:
        connection.close()
    return cost


def wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}")


def prepare(folder: pathlib.Path) -> None:
    for part in ("files", "certificates"):
        (folder / part).mkdir()
    for name, size in {"1k.txt": 1024, "100k.txt": 102400, "10m.txt": 10 << 20}.items():
        (folder / "files" / name).write_bytes(b"x" * size)
    (folder / "post.lua").write_text(POST)
    key, certificate = folder / "certificates" / "a.key", folder / "certificates" / "a.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:app.localhost,DNS:site.localhost", "-keyout", key,
         "-out", certificate], check=True, capture_output=True)


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    parser.add_argument("--only", default="", help="work whose name holds this text")
    parser.add_argument("--endurance", action="store_true", help="also bodies of 10 GiB and 10,000 idle connections, some ten minutes")
    parser.add_argument("--peers", default="nginx,haproxy,caddy")
    parser.add_argument("--router", default=str(root / ".build/release/RouterBench"), help="the program")
    parser.add_argument("--print", action="store_true", help="leave docs/BENCHMARKS.md as it is")
    options = parser.parse_args()
    names = ["berth", *filter(None, options.peers.split(","))]
    results: dict[str, dict[str, list[float]]] = {}
    tails: dict[str, dict[str, list[list[float]]]] = {}
    costs = {}
    with tempfile.TemporaryDirectory(prefix="router-bench-") as text, contextlib.ExitStack() as stack:
        folder = pathlib.Path(text)
        folder.chmod(0o755)
        prepare(folder)
        # First: it says at once when it cannot be done.
        endured = router_endurance.measure(options.router, folder) if options.endurance else []
        commands = peers.commands(folder, options.router)
        running = {}
        for name in ["upstream", *names]:
            environment = {**os.environ, "HOME": str(folder), "GOMAXPROCS": "1"}
            process = subprocess.Popen(
                ["taskset", "-c", "1" if name == "upstream" else "0", *commands[name]], env=environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            running[name] = process
            wait_for(peers.UPSTREAM if name == "upstream" else peers.PORTS[name])
        if options.only in "idle":
            # First: memory that a load has left would hide what a connection takes.
            costs = {name: idle(peers.PORTS[name], running[name].pid, 5000) for name in names}
        for round_number in range(options.rounds):
            order = names if round_number % 2 == 0 else names[::-1]
            for work, (host, path, tls, program, extra, _) in WORK.items():
                if options.only not in work:
                    continue
                for name in order:
                    if name == "haproxy" and host == "site":
                        continue
                    port = (peers.TLS if tls else peers.PORTS)[name]
                    tag = etag(peers.PORTS[name]) if "{etag}" in " ".join(extra) else ""
                    filled = [part.replace("{folder}", str(folder)).replace("{etag}", tag) for part in extra]
                    before = cpu_seconds(running[name].pid)
                    count, tail = load(
                        program, port, tls, f"{host}.localhost", path, filled, options.seconds)
                    used = cpu_seconds(running[name].pid) - before
                    results.setdefault(work, {}).setdefault(name, []).append(count / used if used > 0 else 0)
                    tails.setdefault(work, {}).setdefault(name, []).append(tail)
    lines = table(results, tails, costs, names) + endured
    print("\n".join(lines))
    if not options.print:
        report.write(root / "docs" / "BENCHMARKS.md", {"router": lines + machine.stamp(root)}, None)
    return 0


def table(results: dict, tails: dict, costs: dict, names: list[str]) -> list[str]:
    lines = ["| requests per second of processor time | " + " | ".join(names) + " | of nginx | wanted | p50/p99 in ms, berth, nginx |"]
    lines.append("| --- |" + " --- |" * (len(names) + 3))
    for work, found in results.items():
        medians = {name: statistics.median(values) for name, values in found.items()}
        ratio = medians["berth"] / medians["nginx"] if medians.get("nginx") else 0
        cells = " | ".join(f"{medians[name]:,.0f}" if medians.get(name) else "–" for name in names)
        tail = ", ".join(filter(None, (quantiles(tails[work].get(name, [])) for name in ("berth", "nginx"))))
        lines.append(f"| {work} | {cells} | **{ratio:.2f} ×** | {WORK[work][5]} × | {tail} |")
    if costs:
        cells = " | ".join(f"{costs[name] / 1024:.1f} KiB" for name in names)
        lines.append(f"| memory of an idle connection, of 5,000 | {cells} | | 4 KiB | |")
    return lines


def quantiles(rounds: list[list[float]]) -> str:
    """The medians of the rounds' quantiles."""
    return "/".join(f"{statistics.median(values):.2f}" for values in zip(*rounds))


if __name__ == "__main__":
    sys.exit(main())
