"""What the figures were measured on."""

import datetime
import os
import pathlib
import platform

import processes


def describe(root: pathlib.Path) -> list[str]:
    """The lines of the paragraph about the machine."""
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    git = processes.run("git", "--version").strip()
    return [
        f"Measured on {os.cpu_count()} cores ({model}), {memory:.0f} GiB of memory, "
        f"{platform.system()} {platform.release()}, {git}. Client, server, reference and load share the machine.",
    ]


def stamp(root: pathlib.Path) -> list[str]:
    """The last lines of a table: tables are measured one by one, each at a commit of its own."""
    commit = processes.run("git", "-C", root, "describe", "--always", "--dirty").strip()
    return ["", f"Measured on {datetime.date.today().isoformat()} at commit `{commit}`."]
