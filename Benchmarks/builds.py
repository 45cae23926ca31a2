"""What a build costs that has little to do: unchanged packages, one changed file of many, a container's start."""

import base64
import contextlib
import hashlib
import http.client
import io
import json
import pathlib
import random
import re
import statistics
import sys
import tarfile
import time

import processes
import push
from berthd import Berthd

PACKAGES, PACKAGE_FILES = 300, 10
FILES, FILE_BYTES = 10_000, 20_000
SERVER = """{require}
require('http').createServer((request, response) => response.end('{version}')).listen(process.env.PORT);
"""


def measure(server: Berthd, folder: pathlib.Path, rounds: int) -> list[str]:
    """The tables' lines. The server must log what it does (`info`)."""
    ours, runc = _containers(server, folder / "bench-container", rounds)
    _note("container, runc", ours, runc)
    with_packages, without = _packages(server, folder / "bench-packages", rounds)
    _note("packages, none", with_packages, without)
    live, bare = _large_site(server, folder / "bench-large", rounds)
    _note("large site, bare push", live, bare)
    more = statistics.median(live) - statistics.median(bare)
    return [
        f"Medians over {rounds} interleaved rounds (quartiles in brackets).",
        "",
        "| | | compared with | |",
        "| --- | --- | --- | --- |",
        f"| node app with {PACKAGES} packages in its unchanged lock file, push to live | {_show(with_packages)} "
        f"| the same files without dependencies: {_show(without)} | {_ratio(with_packages, without)} (wanted: at most 2 ×) |",
        f"| static site of {FILES:,} files ({FILES * FILE_BYTES // 1_000_000} MB), one changed, push to live | {_show(live)} "
        f"| such a push of a branch that no channel deploys: {_show(bare)} | **+{more * 1000:.0f} ms** (wanted: at most +300 ms) |",
        f"| a container, from its creation to its first answer | {_show(ours)} "
        f"| `runc run` by hand, same configuration: {_show(runc)} | {_ratio(ours, runc)} (wanted: at most 1.3 ×) |",
    ]


def _note(name: str, *times: list[float]) -> None:
    """Tells what has been measured: minutes of it are not lost with a later part that fails."""
    print(f"{name}:", *map(_show, times), file=sys.stderr, flush=True)


# Packages that have not changed


def _packages(server: Berthd, folder: pathlib.Path, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from push to live of an app with packages, and of one without."""
    apps = {name: folder / name for name in ("bench-packages", "bench-bare")}
    for name, copy in apps.items():
        _repository(copy, server.create_app(name, "node"))
    dependencies = _write_packages(apps["bench-packages"])
    _write_packages(apps["bench-bare"])
    _write_lock(apps["bench-packages"], dependencies)
    (apps["bench-bare"] / "package.json").write_text(json.dumps({"name": "bench", "scripts": {"start": "node server.js"}}))
    times = {name: [] for name in apps}
    for number in range(-1, rounds):
        for name in _turns(list(apps), number):
            require = "require('package-0');" if name == "bench-packages" else ""
            (apps[name] / "server.js").write_text(SERVER.format(require=require, version=f"version {number}"))
            seconds = _push_until_live(server, apps[name], name, f"version {number}")
            if number >= 0:
                times[name].append(seconds)
    return times["bench-packages"], times["bench-bare"]


def _write_packages(copy: pathlib.Path) -> dict[str, tuple[str, str]]:
    """Makes a tarball for each package in the repository: no registry is needed. Path and integrity of each."""
    (copy / "packages").mkdir()
    dependencies = {}
    for number in range(PACKAGES):
        name = f"package-{number}"
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz", compresslevel=1) as archive:
            _add(archive, "package.json", json.dumps({"name": name, "version": "1.0.0", "main": "file-0.js"}))
            for index in range(PACKAGE_FILES):
                _add(archive, f"file-{index}.js", f"module.exports = {number};\n" + "// line\n" * 200)
        path = f"packages/{name}.tgz"
        (copy / path).write_bytes(content.getvalue())
        digest = base64.b64encode(hashlib.sha512(content.getvalue()).digest()).decode()
        dependencies[name] = (f"file:{path}", f"sha512-{digest}")
    return dependencies


def _add(archive: tarfile.TarFile, name: str, text: str) -> None:
    info = tarfile.TarInfo(f"package/{name}")
    info.size, info.mode = len(text), 0o644
    archive.addfile(info, io.BytesIO(text.encode()))


def _write_lock(copy: pathlib.Path, dependencies: dict[str, tuple[str, str]]) -> None:
    wanted = {name: place for name, (place, _) in dependencies.items()}
    root = {"name": "bench", "version": "1.0.0", "dependencies": wanted}
    packages = {"": root} | {
        f"node_modules/{name}": {"version": "1.0.0", "resolved": place, "integrity": integrity}
        for name, (place, integrity) in dependencies.items()
    }
    (copy / "package.json").write_text(json.dumps(root | {"scripts": {"start": "node server.js"}}))
    lock = {"name": "bench", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}
    (copy / "package-lock.json").write_text(json.dumps(lock))


# One changed file of many


def _large_site(server: Berthd, copy: pathlib.Path, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from push to live, and of a push of as much that is not deployed."""
    _repository(copy, server.create_app("bench-large", "static"))
    source = random.Random(1)
    words = ["".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=source.randint(3, 9))) for _ in range(5000)]
    for number in range(FILES - 1):
        path = copy / f"section-{number % 100}" / f"page-{number}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(" ".join(source.choices(words, k=FILE_BYTES // 6))[:FILE_BYTES].ljust(FILE_BYTES))
    (copy / "index.html").write_text("first")
    # An app's first push decides which branch its channel deploys.
    _push_until_live(server, copy, "bench-large", "first")
    live, bare = [], []
    for number in range(-1, rounds):
        for kind in _turns(["live", "bare"], number):
            version = f"{kind} {number}"
            (copy / "index.html").write_text(version)
            if kind == "live":
                seconds = _push_until_live(server, copy, "bench-large", version)
            else:
                _commit(copy, version)
                begun = time.perf_counter()
                processes.run("git", "-C", copy, "push", "--quiet", "berth", "HEAD:refs/heads/other")
                seconds = time.perf_counter() - begun
            if number >= 0:
                (live if kind == "live" else bare).append(seconds)
    return live, bare


# A container's start


def _containers(server: Berthd, copy: pathlib.Path, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from a container's creation to its first answer: the server's, as its log tells, and one made with runc."""
    _repository(copy, server.create_app("bench-container", "node"))
    (copy / "package.json").write_text(json.dumps({"name": "bench", "scripts": {"start": "node server.js"}}))
    (copy / "server.js").write_text(SERVER.format(require="", version="here"))
    _push_until_live(server, copy, "bench-container", "here")
    commit = processes.run("git", "-C", copy, "rev-parse", "HEAD").strip()
    ours, theirs = [], []
    with _hand_made(server, copy.parent / "runc") as start:
        for number in range(-1, rounds):
            for kind in _turns(["ours", "theirs"], number):
                seconds = _redeploy(server, commit) if kind == "ours" else start()
                if number >= 0:
                    (ours if kind == "ours" else theirs).append(seconds)
    return ours, theirs


def _redeploy(server: Berthd, commit: str) -> float:
    """Deploys the same commit again, which builds nothing, and returns what the log says of the new container."""
    known, running = len(_starts(server)), len(_bundles(server))
    authorization = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"}
    app = server.app_id("bench-container")
    _, body = server.request("GET", "api.localhost", f"/apps/{app}", headers=authorization)
    channel = json.loads(body)["channels"][0]["id"]
    path = f"/apps/{app}/channels/{channel}/deploy"
    status, body = server.request("POST", "api.localhost", path, json.dumps({"sha": commit}), authorization)
    if status != 200:
        raise RuntimeError(f"deploy: {status} {body!r}")
    processes.wait_for("the new container is ready", lambda: len(_starts(server)) > known)
    # What it replaces is stopped meanwhile.
    processes.wait_for("the one before is gone", lambda: len(_bundles(server)) == running)
    return _starts(server)[-1]


def _starts(server: Berthd) -> list[float]:
    """For each start of an instance the seconds that its parts took."""
    found = []
    for line in server.log.read_text().splitlines():
        if "instance started" in line:
            found.append(sum(int(part) for part in re.findall(r"(?:prepare|container|ready)_ms=(\d+)", line)) / 1000)
    return found


def _bundles(server: Berthd) -> list[pathlib.Path]:
    """The folders of the containers that run for apps."""
    node = (server.data / "node").read_text().strip()
    return [path.parent for path in pathlib.Path(f"/run/berth/{node}/containers").glob("i-*/config.json")]


@contextlib.contextmanager
def _hand_made(server: Berthd, folder: pathlib.Path):
    """A function that runs the same container with runc alone, in a network namespace that is there, and ends it again."""
    (folder / "bundle").mkdir(parents=True)
    name = "berth-bench"
    address, gateway = "10.198.255.2", "10.198.255.1"
    bundle = max(_bundles(server), key=lambda path: path.stat().st_mtime)
    configuration = json.loads((bundle / "config.json").read_text())
    configuration["linux"]["cgroupsPath"] = f"/{name}"
    for namespace in configuration["linux"]["namespaces"]:
        if namespace["type"] == "network":
            namespace["path"] = f"/run/netns/{name}"
    # The server's own copy goes with its container.
    processes.run("cp", "-a", bundle / "etc", folder / "bundle/etc")
    for mount in configuration["mounts"]:
        if mount["source"] == f"{bundle}/etc":
            mount["source"] = f"{folder}/bundle/etc"
    # The group of the hand-made container is there only when it is: what shows it is left out.
    configuration["mounts"] = [mount for mount in configuration["mounts"] if "/sys/fs/cgroup" not in mount["destination"]]
    (folder / "bundle/config.json").write_text(json.dumps(configuration))
    port = next(int(text[5:]) for text in configuration["process"]["env"] if text.startswith("PORT="))
    runc = ("runc", "--root", folder / "state")

    def start() -> float:
        begun = time.perf_counter()
        processes.start(*runc, "run", "--detach", "--bundle", folder / "bundle", name, log=folder / "log").wait()
        while not _answers(address, port):
            if time.perf_counter() - begun > 30:
                raise TimeoutError(f"no answer: {(folder / 'log').read_text()}")
            time.sleep(0.001)
        seconds = time.perf_counter() - begun
        processes.run(*runc, "delete", "--force", name)
        return seconds

    try:
        processes.run("ip", "netns", "add", name)
        processes.run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        processes.run("ip", "address", "add", f"{gateway}/30", "dev", name)
        processes.run("ip", "link", "set", "dev", name, "up")
        inside = ("ip", "-n", name)
        processes.run(*inside, "address", "add", f"{address}/30", "dev", "eth0")
        for device in ("lo", "eth0"):
            processes.run(*inside, "link", "set", "dev", device, "up")
        yield start
    finally:
        with contextlib.suppress(RuntimeError):
            processes.run(*runc, "delete", "--force", name)
        with contextlib.suppress(RuntimeError):
            processes.run("ip", "netns", "delete", name)


def _answers(address: str, port: int) -> bool:
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


# Common to all


def _repository(copy: pathlib.Path, url: str) -> None:
    copy.mkdir(parents=True)
    processes.run("git", "-C", copy, "init", "--quiet", "--initial-branch=master")
    processes.run("git", "-C", copy, "remote", "add", "berth", url)


def _commit(copy: pathlib.Path, version: str) -> None:
    processes.run("git", "-C", copy, "add", "--all")
    processes.run("git", "-C", copy, "commit", "--quiet", "--message", version)


def _push_until_live(server: Berthd, copy: pathlib.Path, app: str, version: str) -> float:
    _commit(copy, version)
    return push.push_until_live(("git", "-C", copy), server, server.site(app), version, seconds=900)[0]


def _turns(parts: list, number: int) -> list:
    """Who goes first alternates."""
    return parts if number % 2 == 0 else parts[::-1]


def _show(seconds: list[float]) -> str:
    low, middle, high = (value * 1000 for value in statistics.quantiles(seconds, n=4))
    return f"{middle:.0f} ms ({low:.0f}–{high:.0f})"


def _ratio(ours: list[float], theirs: list[float]) -> str:
    return f"**{statistics.median(ours) / statistics.median(theirs):.2f} ×**"
