"""Resident memory of an idle server with many apps."""

import pathlib
import time

import processes
from berthd import Berthd


def measure(server: Berthd, folder: pathlib.Path, apps: int) -> list[str]:
    """The table's lines. Every app is deployed; they are static, so that no memory but the platform's is counted."""
    before = processes.resident(server.process.pid)
    copy = folder / "bench-memory"
    copy.mkdir()
    git = ("git", "-C", copy)
    processes.run(*git, "init", "--quiet", "--initial-branch=master")
    for number in range(20):
        (copy / ("index.html" if number == 0 else f"page-{number}.html")).write_text("<p>hello</p>\n" * 50)
    processes.run(*git, "add", "--all")
    processes.run(*git, "commit", "--quiet", "--message", "first")
    for number in range(apps):
        url = server.create_app(f"bench-memory-{number}", "static")
        processes.run(*git, "push", "--quiet", url, "HEAD:refs/heads/master")
    # Idle: what the pushes set off has ended, and the allocators have had their time.
    time.sleep(15)
    after = processes.resident(server.process.pid)
    others = sum(processes.resident(pid) for pid in processes.descendants(server.process.pid))
    return [
        f"{apps} static apps, each deployed once, 15 s idle.",
        "",
        "| | resident |",
        "| --- | --- |",
        f"| berthd before the first of them | {_show(before)} |",
        f"| berthd with {apps} apps | **{_show(after)}** (wanted: at most 80 MB) |",
        f"| its child processes (Postgres; shared pages counted in each) | {_show(others)} |",
    ]


def _show(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
