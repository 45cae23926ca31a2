#!/usr/bin/env -S python3 -B
"""Measures Berth on this machine and writes the figures into docs/BENCHMARKS.md.

Everything runs on loopback, is started here and is ended here, by process id. Which program is measured: BERTHD, by
default .build/release/berthd.
"""

import argparse
import contextlib
import pathlib
import sys
import tempfile

import aged
import api
import builds
import git
import isolation
import large
import machine
import memory
import push
import report
import templates
import wake
from berthd import Berthd
from reference import GitHTTPBackend


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=21, help="rounds of each push benchmark, at least 15")
    parser.add_argument("--pushes", type=int, default=5000, help="pushes that the aged repository has behind it")
    parser.add_argument("--apps", type=int, default=50, help="apps of the memory benchmark")
    parser.add_argument("--only", choices=["push", "memory", "api", "git", "large", "aged", "isolation", "wake", "builds", "templates"], help="only this one; the others' figures stay")
    parser.add_argument("--print", action="store_true", help="print the tables, leave docs/BENCHMARKS.md as it is")
    options = parser.parse_args()
    if options.rounds < 15:
        parser.error("a median over fewer than 15 rounds says little")

    sections = {}
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as folder, contextlib.ExitStack() as stack:
        folder = pathlib.Path(folder)
        server = stack.enter_context(Berthd(folder / "berthd", root))
        if options.only in (None, "push", "git"):
            backend = stack.enter_context(GitHTTPBackend(folder / "reference"))
        if options.only in (None, "push"):
            sections["push"] = push.measure(server, backend, folder, options.rounds)
        if options.only in (None, "memory"):
            sections["memory"] = memory.measure(server, folder, options.apps)
        if options.only in (None, "api"):
            # A server of its own: the others are measured without a thousand apps.
            crowded = stack.enter_context(Berthd(folder / "crowded", root))
            sections["api"] = api.measure(crowded, root, folder)
        # Last, since it leaves much memory warm.
        if options.only in (None, "git"):
            sections["git"] = git.measure(server, backend, folder, options.rounds)

        if options.only in (None, "isolation"):
            # A server of its own: attacks do not load what others are measured on, and their builds end after 20 s.
            attacked = stack.enter_context(Berthd(folder / "attacked", root, {"BERTH_BUILD_SECONDS": "20"}))
            sections["isolation"] = isolation.measure(attacked, folder, options.rounds)

        if options.only in (None, "wake"):
            sections["wake"] = wake.measure(server, folder)

        if options.only in (None, "builds"):
            # A server of its own: what its log says of each container is read.
            telling = stack.enter_context(Berthd(folder / "telling", root, log_level="info"))
            sections["builds"] = builds.measure(telling, folder, options.rounds)

        if options.only in (None, "templates"):
            sections["templates"] = templates.measure(server, folder)

        if options.only in (None, "large"):
            # A server of its own: its limits are raised.
            wide = stack.enter_context(Berthd(folder / "wide", root, large.SETTINGS))
            sections["large"] = large.measure(wide, folder)

        if options.only in (None, "aged"):
            sections["aged"] = aged.measure(server, folder, options.pushes, options.rounds)

    for name, lines in sections.items():
        print(f"\n{name}\n" + "\n".join(lines))
    if not options.print:
        sections = {name: lines + machine.stamp(root) for name, lines in sections.items()}
        # A table about what is deployed stands with what is said of that.
        if table := sections.pop("templates", None):
            report.write(root / "docs" / "TEMPLATES.md", {"templates": table}, None)
        report.write(root / "docs" / "BENCHMARKS.md", sections, machine.describe(root))
    return 0


if __name__ == "__main__":
    sys.exit(main())
