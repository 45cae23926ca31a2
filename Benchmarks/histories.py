"""Repositories to measure with."""

import hashlib
import os
import pathlib
import random

import processes


def files(folder: pathlib.Path, count: int) -> pathlib.Path:
    """One commit of text files of about 2 KiB."""
    _make(folder)
    for number in range(count):
        path = folder / f"d{number % 37}" / f"f{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"file {number} line {line} of {number * line % 991}\n" for line in range(80)))
    _commit(folder, "files")
    return folder


def blobs(folder: pathlib.Path, count: int, size: int) -> pathlib.Path:
    """One commit of files that nothing compresses."""
    _make(folder)
    for number in range(count):
        (folder / f"b{number}").write_bytes(os.urandom(size))
    _commit(folder, "blobs")
    return folder


def change(folder: pathlib.Path, text: str) -> None:
    """One more commit with one file changed."""
    (folder / "d0").mkdir(exist_ok=True)
    (folder / "d0" / "f0.txt").write_text(text + "\n" + "line\n" * 100)
    _commit(folder, text)


def commits(folder: pathlib.Path, count: int) -> pathlib.Path:
    """A history of so many commits, each of which changes a file or two of 400; packed with deltas."""
    _make(folder, bare=True)
    chance = random.Random(1)
    texts = {}
    stream = []
    for number in range(count):
        stream.append(f"commit refs/heads/bench\nmark :{number + 1}\ncommitter B <b@example.org> {1_600_000_000 + number * 60} +0000\n")
        message = f"commit {number}\n"
        stream.append(f"data {len(message)}\n{message}")
        if number:
            stream.append(f"from :{number}\n")
        for _ in range(chance.randint(1, 3) if number else 400):
            index = chance.randrange(400) if number else len(texts)
            path = f"d{index % 7}/e{index % 11}/f{index}.txt"
            lines = texts.setdefault(path, [f"{path} {line}" for line in range(40)])
            lines[chance.randrange(len(lines))] = f"{path} changed in {number}"
            text = "\n".join(lines) + "\n"
            stream.append(f"M 100644 inline {path}\ndata {len(text)}\n{text}\n")
    processes.run("git", "-C", folder, "fast-import", "--quiet", input="".join(stream))
    processes.run("git", "-C", folder, "symbolic-ref", "HEAD", "refs/heads/bench")
    processes.run("git", "-C", folder, "repack", "-adfq")
    return folder


def advance(folder: pathlib.Path, text: str) -> None:
    """One more commit in a bare repository that `commits` made."""
    content = text + "\n" + "line\n" * 40
    stream = (
        "commit refs/heads/bench\ncommitter B <b@example.org> 1700000000 +0000\n"
        f"data {len(text)}\n{text}\nfrom refs/heads/bench^0\nM 100644 inline d0/e0/f0.txt\ndata {len(content)}\n{content}\n")
    processes.run("git", "-C", folder, "fast-import", "--quiet", "--force", input=stream)


def push_body(folder: pathlib.Path, old: str | None, new: str, ref: str) -> bytes:
    """The body of a receive-pack request, as the stock client makes it; without `old` the ref is a new one."""
    pack = processes.output(
        "git", "-C", folder, "pack-objects", "--revs", "--thin", "--stdout", "--delta-base-offset", "--quiet",
        input=f"{new}\n^{old}\n" if old else f"{new}\n")
    command = f"{old or '0' * 40} {new} {ref}\0 report-status side-band-64k agent=bench".encode()
    return _packet(command) + b"0000" + pack


def many_refs_body(head: str, count: int) -> bytes:
    """The body of a receive-pack request that makes so many refs, with a pack of no objects."""
    commands = [f"{'0' * 40} {head} refs/many/{number:05}".encode() for number in range(count)]
    commands[0] += b"\0 report-status side-band-64k agent=bench"
    pack = b"PACK" + (2).to_bytes(4, "big") + (0).to_bytes(4, "big")
    return b"".join(map(_packet, commands)) + b"0000" + pack + hashlib.sha1(pack).digest()


def fetch_body(want: str, haves=(), depth: int = 0) -> bytes:
    """A fetch by protocol 2 that is answered in one round."""
    lines = [b"thin-pack\n", b"ofs-delta\n", b"no-progress\n", f"want {want}\n".encode()]
    lines += [f"have {have}\n".encode() for have in haves]
    if depth:
        lines.append(f"deepen {depth}\n".encode())
    return (
        _packet(b"command=fetch") + _packet(b"agent=bench") + _packet(b"object-format=sha1") + b"0001"
        + b"".join(map(_packet, [*lines, b"done\n"])) + b"0000")


def _packet(content: bytes) -> bytes:
    return f"{len(content) + 4:04x}".encode() + content


LS_REFS = (
    _packet(b"command=ls-refs\n") + _packet(b"agent=bench") + _packet(b"object-format=sha1") + b"0001"
    + _packet(b"peel\n") + _packet(b"symrefs\n") + b"0000")


def _make(folder: pathlib.Path, bare: bool = False) -> None:
    processes.run("git", "init", "--quiet", "--initial-branch=bench", *(["--bare"] if bare else []), folder)


def _commit(folder: pathlib.Path, message: str) -> None:
    processes.run("git", "-C", folder, "add", "--all")
    processes.run("git", "-C", folder, "commit", "--quiet", "--message", message)
