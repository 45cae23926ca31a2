"""The git server against git's own: pushes, fetches and clones by the stock client, requests by hand."""

import base64
import concurrent.futures
import http.client
import os
import pathlib
import shutil
import statistics
import time
import urllib.parse


import histories
import processes
from berthd import Berthd
from cost import Cost, Meter
from reference import GitHTTPBackend

BRANCH = "refs/heads/bench"
SERVER_PART = "the same, the server's part (requests by hand)"
V2 = {"Git-Protocol": "version=2"}


class Side:
    """One of the two servers."""

    def __init__(self, name: str, create, meter: Meter, first: pathlib.Path):
        self.name, self.create, self.meter, self.first = name, create, meter, first
        self.urls = {}

    def url(self, repository: str) -> str:
        if repository not in self.urls:
            self.urls[repository] = self.create(repository)
            # The first branch is deployed from then on; what is measured goes to another one.
            git("-C", self.first, "push", "--quiet", self.urls[repository], "HEAD:refs/heads/master")
        return self.urls[repository]


class Figures:
    """Of each side: seconds of waiting, seconds of the server's processors, bytes of its memory."""

    def __init__(self):
        self.wall, self.cpu, self.peak = {}, {}, {}

    def add(self, side: str, wall: float, cost: Cost) -> None:
        self.wall.setdefault(side, []).append(wall)
        self.cpu.setdefault(side, []).append(cost.cpu)
        self.peak.setdefault(side, []).append(cost.peak)

    def line(self, what: str, wanted: str, by: str = "wall") -> str:
        walls, cpus = self._middle(self.wall), self._middle(self.cpu, statistics.mean)
        ratio = walls["berth"] / walls["git"] if by == "wall" else cpus["berth"] / max(cpus["git"], 1e-9)
        peaks = {side: max(values) / 1e6 for side, values in self.peak.items()}
        return (
            f"| {what} | {walls['git'] * 1000:.1f} | {walls['berth'] * 1000:.1f} | {cpus['git'] * 1000:.0f} "
            f"| {cpus['berth'] * 1000:.0f} | {peaks['git']:.0f} | {peaks['berth']:.0f} "
            f"| **{ratio:.2f} ×** {'waiting' if by == 'wall' else 'processor'} | {wanted} |")

    @staticmethod
    def _middle(values, how=statistics.median):
        return {side: how(found) for side, found in values.items()}


def measure(server: Berthd, backend: GitHTTPBackend, folder: pathlib.Path, rounds: int) -> list[str]:
    """The table's lines."""
    git_meter = Meter("git", *[process.pid for process in backend.running])
    lines = [
        f"Medians of interleaved rounds ({rounds} of the small cases, a third of the large ones, at least 3); processor "
        "time is the mean a round. Git's own server is `git http-backend` behind nginx and fcgiwrap, with the same "
        "password check. Memory is the peak of all of git's processes, and of berthd with everything else that it is.",
        "",
        "| | git, ms | Berth, ms | git, CPU ms | Berth, CPU ms | git, MB | Berth, MB | Berth ÷ git | wanted |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    (folder / "git").mkdir()
    first = histories.files(folder / "git" / "first", 1)
    with git_meter, Meter("berth", server.process.pid, watched=[server.process.pid]) as berth_meter:
        sides = [
            Side("git", lambda name: backend.create(name, has_password=True), git_meter, first),
            Side("berth", lambda name: server.create_app(name, "static"), berth_meter, first),
        ]
        for line in Bench(sides, folder / "git", rounds).run():
            print(line, flush=True)
            lines.append(line)
    return lines


class Bench:
    def __init__(self, sides, folder, rounds):
        self.sides, self.folder, self.rounds, self.large = sides, folder, rounds, max(3, rounds // 3)
        self.count = 0

    def run(self):
        yield from self.small_pushes()
        yield from self.new_files()
        yield from self.blobs()
        yield from self.many_refs()
        yield from self.big_history()
        yield from self.tiny()

    # Pieces of the cases

    def each(self, figures: Figures, rounds: int, action, before=None) -> Figures:
        """Runs `action(side, round)` for both sides in turns; the first round is not counted."""
        for number in range(-1, rounds):
            for side in self.sides if number % 2 else self.sides[::-1]:
                if before:
                    before(side, number)
                with Cost(side.meter) as cost:
                    start = time.perf_counter()
                    action(side, number)
                    wall = time.perf_counter() - start
                if number >= 0:
                    figures.add(side.name, wall, cost)
        return figures

    def scratch(self) -> pathlib.Path:
        self.count += 1
        return self.folder / f"scratch-{self.count}"

    def clone(self, side: Side, repository: str, *options) -> None:
        target = self.scratch()
        git("clone", "--quiet", "--bare", "--branch=bench", *options, side.url(repository), target)
        shutil.rmtree(target)

    def push(self, side: Side, copy: pathlib.Path, repository: str, source="HEAD", target=BRANCH) -> None:
        git("-C", copy, "push", "--quiet", "--force", side.url(repository), f"{source}:{target}")

    # The cases

    def small_pushes(self):
        copy = histories.files(self.folder / "small", 30)
        for side in self.sides:
            self.push(side, copy, "small")
        time.sleep(3)

        def change(side, number):
            histories.change(copy, f"{side.name} {number}")

        yield self.each(
            Figures(), self.rounds, lambda side, _: self.push(side, copy, "small"), change
        ).line("push of one changed file, whole `git push`", "0.8")

        old = git("-C", copy, "rev-parse", "HEAD").strip()
        for side in self.sides:
            self.push(side, copy, "small")
        raws = {side.name: Raw(side.url("small")) for side in self.sides}
        bodies, tips = {}, {side.name: old for side in self.sides}

        def prepare(side, number):
            git("-C", copy, "checkout", "--quiet", "--detach", tips[side.name])
            histories.change(copy, f"raw {side.name} {number}")
            new = git("-C", copy, "rev-parse", "HEAD").strip()
            bodies[side.name] = histories.push_body(copy, tips[side.name], new, BRANCH)
            tips[side.name] = new

        yield self.each(
            Figures(), self.rounds, lambda side, _: self.send_push(raws[side.name], bodies[side.name]), prepare
        ).line("the same, the server's part (both requests by hand)", "0.4")

    def send_push(self, raw: "Raw", body: bytes) -> None:
        """The requests of a push without the client's own work."""
        raw.get("/info/refs?service=git-receive-pack")
        answer = raw.post("/git-receive-pack", "application/x-git-receive-pack-request", body)
        assert b"ok " + BRANCH.encode() in answer, answer

    def by_hand(self, repository: str, body, before=None) -> Figures:
        """The requests of a fetch without the client's own work. `body(side)` is the last one's."""
        raws = {side.name: Raw(side.url(repository)) for side in self.sides}
        bodies = {}

        def prepare(side, number):
            if before:
                before(side, number)
            bodies[side.name] = body(side)

        def send(side, _):
            raw = raws[side.name]
            raw.get("/info/refs?service=git-upload-pack", V2)
            for content in (histories.LS_REFS, bodies[side.name]):
                answer = raw.post("/git-upload-pack", "application/x-git-upload-pack-request", content, V2)
            assert b"packfile" in answer and b"PACK" in answer, answer[:300]

        return self.each(Figures(), self.rounds, send, prepare)

    def create(self, name: str) -> None:
        """Makes the repositories of all rounds, and waits until what a new app has besides is made."""
        for number in range(-1, self.large):
            for side in self.sides:
                side.url(f"{name}-{number}")
        time.sleep(3)

    def new_files(self):
        copy = histories.files(self.folder / "files", 2000)
        self.create("files")
        yield self.each(
            Figures(), self.large, lambda side, number: self.push(side, copy, f"files-{number}")
        ).line("push of 2,000 new files", "0.7")

        self.create("files-by-hand")
        new = git("-C", copy, "rev-parse", "HEAD").strip()
        body = histories.push_body(copy, None, new, BRANCH)
        raws = {}

        def prepare(side, number):
            raws[side.name] = Raw(side.url(f"files-by-hand-{number}"))

        yield self.each(Figures(), self.large, lambda side, _: self.send_push(raws[side.name], body), prepare).line(
            SERVER_PART, "0.7")

    def blobs(self):
        copy = histories.blobs(self.folder / "blobs", 100, 1 << 20)
        self.create("blobs")
        figures = self.each(Figures(), self.large, lambda side, number: self.push(side, copy, f"blobs-{number}"))
        yield figures.line("push of 100 MB of random blobs", "0.6", by="cpu")
        yield self.each(
            Figures(), self.large, lambda side, _: self.clone(side, "blobs-0")
        ).line("clone of 100 MB of blobs that came by push", "0.1", by="cpu")

    def many_refs(self):
        copy = histories.files(self.folder / "refs", 3)
        head = git("-C", copy, "rev-parse", "HEAD").strip()
        # By hand: the stock client itself needs a minute to make up its mind about so many refs.
        body = histories.many_refs_body(head, 10_000)
        raws = {}
        self.create("refs")

        def prepare(side, number):
            self.push(side, copy, f"refs-{number}")
            raws[side.name] = Raw(side.url(f"refs-{number}"))

        def send(side, _):
            raw = raws[side.name]
            raw.get("/info/refs?service=git-receive-pack")
            answer = raw.post("/git-receive-pack", "application/x-git-receive-pack-request", body)
            # The band cuts a few of the lines in two.
            assert answer.count(b"ok refs/many/") > 9_900, answer[:300]

        figures = self.each(Figures(), self.large, send, prepare)
        yield figures.line("push of 10,000 new refs", "0.05")
        for side in self.sides:
            self.push(side, copy, "few")
        for repository, what in (("few", "1 ref"), ("refs-0", "10,000 refs")):
            raws = {side.name: Raw(side.url(repository)) for side in self.sides}
            yield self.each(
                Figures(), self.rounds * 3,
                lambda side, _: raws[side.name].get("/info/refs?service=git-upload-pack"),
            ).line(f"info/refs v0, {what}", "0.3")
            yield self.each(
                Figures(), self.rounds * 3,
                lambda side, _: raws[side.name].post(
                    "/git-upload-pack", "application/x-git-upload-pack-request", histories.LS_REFS, V2),
            ).line(f"ls-refs v2, {what}", "0.3")

    def big_history(self):
        copy = histories.commits(self.folder / "big", 10_000)
        for side in self.sides:
            self.push(side, copy, "big")
        tips = {}

        def advance(side, number):
            histories.advance(copy, f"{side.name} {number}")
            self.push(side, copy, "big")

        objects = git("-C", copy, "rev-list", "--all", "--objects", "--no-object-names").count("\n")
        yield self.each(
            Figures(), self.large, lambda side, _: self.clone(side, "big"), advance
        ).line(f"clone of {objects:,} objects, a commit newer each time", "0.6", by="cpu")
        yield self.each(
            Figures(), self.large, lambda side, _: self.clone(side, "big")
        ).line("the same once more, nothing new", "", by="cpu")
        yield self.each(
            Figures(), self.rounds, lambda side, _: self.clone(side, "big", "--depth=1"), advance
        ).line("depth-1 clone of it, a commit newer each time", "0.5")
        tip = lambda: git("-C", copy, "rev-parse", "HEAD").strip()
        yield self.by_hand("big", lambda _: histories.fetch_body(tip(), depth=1), advance).line(SERVER_PART, "0.5")

        copies = {side.name: self.folder / f"fetching-{side.name}" for side in self.sides}
        for side in self.sides:
            git("clone", "--quiet", "--bare", "--branch=bench", side.url("big"), copies[side.name])

        def fetch(side, _):
            git("-C", copies[side.name], "fetch", "--quiet", "origin", f"+{BRANCH}:{BRANCH}")

        yield self.each(Figures(), self.rounds, fetch, advance).line("fetch of one new commit", "0.5")
        before = lambda: git("-C", copy, "rev-parse", "HEAD~1").strip()
        yield self.by_hand("big", lambda _: histories.fetch_body(tip(), [before()]), advance).line(SERVER_PART, "0.5")

    def tiny(self):
        copy = histories.files(self.folder / "tiny", 5)
        for side in self.sides:
            self.push(side, copy, "tiny")
        yield self.each(
            Figures(), self.rounds, lambda side, _: self.clone(side, "tiny")
        ).line("clone of a tiny repository", "0.6")
        head = git("-C", copy, "rev-parse", "HEAD").strip()
        yield self.by_hand("tiny", lambda _: histories.fetch_body(head)).line(SERVER_PART, "0.6")

        def herd(side, _):
            with concurrent.futures.ThreadPoolExecutor(20) as pool:
                list(pool.map(lambda _: self.clone(side, "small"), range(20)))

        yield self.each(Figures(), self.large, herd).line("20 clones at once", "0.5")


class Raw:
    """Requests on one connection."""

    def __init__(self, url: str):
        parts = urllib.parse.urlsplit(url)
        self.path = parts.path
        self.connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
        password = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        self.headers = {"Host": parts.netloc.rpartition("@")[2], "Authorization": f"Basic {password}"}

    def get(self, path: str, headers=None) -> bytes:
        return self._send("GET", path, None, headers or {})

    def post(self, path: str, kind: str, body: bytes, headers=None) -> bytes:
        return self._send("POST", path, body, {"Content-Type": kind, **(headers or {})})

    def _send(self, method, path, body, headers) -> bytes:
        self.connection.request(method, self.path + path, body, {**self.headers, **headers})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:200]!r}")
        return content


def git(*arguments) -> str:
    return processes.run("git", *arguments)
