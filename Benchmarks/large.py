"""Memory of the server while one very large blob is pushed and cloned."""

import os
import pathlib
import threading

import processes
from berthd import Berthd
from git import BRANCH, git

SIZE = 1 << 30
# Limits that let it in.
SETTINGS = {"BERTH_GIT_OBJECT_MIB": "1100", "BERTH_GIT_PUSH_MIB": "2048"}


def measure(server: Berthd, folder: pathlib.Path) -> list[str]:
    """The table's lines."""
    copy = folder / "large"
    copy.mkdir()
    git("-C", copy, "init", "--quiet", "--initial-branch=bench")
    # Nothing compresses it, so that it is no less to the server than to the client.
    git("-C", copy, "config", "core.compression", "0")
    git("-C", copy, "config", "core.bigFileThreshold", "1m")
    with (copy / "blob").open("wb") as file:
        for _ in range(SIZE >> 20):
            file.write(os.urandom(1 << 20))
    git("-C", copy, "add", "--all")
    git("-C", copy, "commit", "--quiet", "--message", "large")
    url = server.create_app("large", "static")
    before = processes.resident(server.process.pid)
    pushed = _Peak(server.process.pid)
    with pushed:
        git("-C", copy, "push", "--quiet", url, f"HEAD:{BRANCH}")
    cloned = _Peak(server.process.pid)
    with cloned:
        git("clone", "--quiet", "--bare", "--single-branch", "--branch", BRANCH.rpartition("/")[2], url, folder / "large-clone")
    return [
        f"One blob of {SIZE >> 20} MiB that nothing compresses, the limit of an object raised for it.",
        "",
        "| | resident at its peak | more than before |",
        "| --- | --- | --- |",
        f"| berthd before | {_show(before)} | |",
        f"| berthd and the process that reads the pack, during the push | {_show(pushed.bytes)} | **{_show(pushed.bytes - before)}** (wanted: at most 150 MB) |",
        f"| berthd during a clone of it | {_show(cloned.bytes)} | {_show(cloned.bytes - before)} |",
    ]


class _Peak:
    """The peak of a berthd and of its helpers together, from entry to exit."""

    def __init__(self, pid: int):
        self.pid = pid
        self.bytes = 0

    def __enter__(self) -> "_Peak":
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *_) -> None:
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(0.01):
            helpers = [pid for pid in processes.descendants(self.pid) if self._is_helper(pid)]
            self.bytes = max(self.bytes, sum(processes.resident(pid) for pid in (self.pid, *helpers)))

    @staticmethod
    def _is_helper(pid: int) -> bool:
        try:
            return b"index-pack" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False


def _show(count: int) -> str:
    return f"{count / 1e6:.0f} MB"
