"""What a server costs while something runs: processor time, and memory at its peak."""

import pathlib
import threading
import time

import processes

CPUACCT = pathlib.Path("/sys/fs/cgroup/cpuacct")
UNIFIED = pathlib.Path("/sys/fs/cgroup")


class Meter:
    """Counts the processor time of a server and of all that it starts from now on, also of what has ended meanwhile, by
    way of a control group of its own."""

    def __init__(self, name: str, *roots: int, watched=None):
        self.roots = roots
        # Whose memory counts; by default everybody's.
        self.watched = watched
        self.has_cpuacct = CPUACCT.is_dir()
        self.group = (CPUACCT if self.has_cpuacct else UNIFIED) / f"berth-bench-{name}"

    def __enter__(self) -> "Meter":
        self.group.mkdir(exist_ok=True)
        for pid in self.pids():
            (self.group / "cgroup.procs").write_text(str(pid))
        return self

    def __exit__(self, *_) -> None:
        for pid in (self.group / "cgroup.procs").read_text().split():
            (self.group.parent / "cgroup.procs").write_text(pid)
        self.group.rmdir()

    def pids(self) -> list[int]:
        return [pid for root in self.roots for pid in (root, *processes.descendants(root))]

    def seconds(self) -> float:
        """Processor time so far."""
        if self.has_cpuacct:
            return int((self.group / "cpuacct.usage").read_text()) / 1e9
        for line in (self.group / "cpu.stat").read_text().splitlines():
            if line.startswith("usage_usec "):
                return int(line.split()[1]) / 1e6
        raise RuntimeError("the kernel counts no processor time")


class Cost:
    """Measures from entry to exit."""

    def __init__(self, meter: Meter):
        self.meter = meter
        self.cpu = 0.0  # seconds
        self.peak = 0  # bytes

    def __enter__(self) -> "Cost":
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._before = self.meter.seconds()
        self._watcher.start()
        return self

    def __exit__(self, *_) -> None:
        self._done.set()
        self._watcher.join()
        # What was answered may still have a moment's work behind it.
        time.sleep(0.03)
        self.cpu = self.meter.seconds() - self._before

    def _watch(self) -> None:
        while not self._done.is_set():
            self.peak = max(self.peak, sum(processes.resident(pid) for pid in self.meter.watched or self.meter.pids()))
            self._done.wait(0.02)
