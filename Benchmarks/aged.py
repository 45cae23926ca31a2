"""A repository with thousands of pushes behind it, and one with the same history that came in one push."""

import pathlib
import shutil
import statistics
import time

import histories
from berthd import Berthd
from git import BRANCH, Raw, git


def measure(server: Berthd, folder: pathlib.Path, pushes: int, rounds: int) -> list[str]:
    """The table's lines. Small pushes by hand: the stock client would take ten times as long to make up its mind."""
    copy = histories.commits(folder / "history", 400)
    urls = {name: server.create_app(name, "static") for name in ("aged", "fresh")}
    first = histories.files(folder / "first", 1)
    for url in urls.values():
        git("-C", first, "push", "--quiet", url, "HEAD:refs/heads/master")
    git("-C", copy, "push", "--quiet", urls["aged"], f"HEAD:{BRANCH}")
    raw = Raw(urls["aged"])
    old = git("-C", copy, "rev-parse", "HEAD").strip()
    times = []
    for number in range(pushes):
        histories.advance(copy, f"push {number}")
        new = git("-C", copy, "rev-parse", "HEAD").strip()
        body = histories.push_body(copy, old, new, BRANCH)
        start = time.perf_counter()
        raw.get("/info/refs?service=git-receive-pack")
        answer = raw.post("/git-receive-pack", "application/x-git-receive-pack-request", body)
        times.append(time.perf_counter() - start)
        assert b"ok " + BRANCH.encode() in answer, answer
        old = new
    git("-C", copy, "push", "--quiet", urls["fresh"], f"HEAD:{BRANCH}")
    # What maintenance has begun ends meanwhile.
    time.sleep(5)
    repositories = {
        name: server.data / "repos" / f"{server.app_id(name)}.git" / "objects" / "pack" for name in urls}
    packs = {name: len(list(path.glob("*.pack"))) for name, path in repositories.items()}

    part = max(1, pushes // 10)
    lines = [
        f"{pushes:,} pushes of one changed file, and the same history in one push; medians over {rounds} interleaved rounds.",
        "",
        "| | fresh, ms | aged, ms | aged ÷ fresh |",
        "| --- | --- | --- | --- |",
        f"| a push by hand: the first and the last {part} of them | {statistics.median(times[:part]) * 1000:.1f} "
        f"| {statistics.median(times[-part:]) * 1000:.1f} "
        f"| **{statistics.median(times[-part:]) / statistics.median(times[:part]):.2f} ×** |",
    ]

    def clone(url: str, *options) -> None:
        target = folder / "clone"
        git("clone", "--quiet", "--bare", "--branch=bench", *options, url, target)
        shutil.rmtree(target)

    raws = {name: Raw(url) for name, url in urls.items()}
    cases = {
        "clone": lambda name: clone(urls[name]),
        "depth-1 clone": lambda name: clone(urls[name], "--depth=1"),
        "info/refs": lambda name: raws[name].get("/info/refs?service=git-upload-pack"),
    }
    for what, action in cases.items():
        found = {name: [] for name in urls}
        for number in range(-1, rounds):
            # No answer is served twice.
            histories.advance(copy, f"{what} {number}")
            for url in urls.values():
                git("-C", copy, "push", "--quiet", url, f"HEAD:{BRANCH}")
            for name in list(urls)[:: 1 if number % 2 else -1]:
                start = time.perf_counter()
                action(name)
                if number >= 0:
                    found[name].append(time.perf_counter() - start)
        middle = {name: statistics.median(values) * 1000 for name, values in found.items()}
        lines.append(
            f"| {what} | {middle['fresh']:.1f} | {middle['aged']:.1f} | **{middle['aged'] / middle['fresh']:.2f} ×** |")
    lines.append(f"| packs | {packs['fresh']} | {packs['aged']} | |")
    return lines
