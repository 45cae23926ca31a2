"""Child processes, and waiting for what they do."""

import os
import pathlib
import signal
import socket
import subprocess
import time

# An environment in which git reads nobody's settings and asks nothing.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "Bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
}


def run(*arguments, directory=None, environment=None, input="") -> str:
    """Runs a command to its end; its output. Raises with what it said when it fails."""
    return output(*arguments, directory=directory, environment=environment, input=input).decode()


def output(*arguments, directory=None, environment=None, input="") -> bytes:
    """The same for a command whose output is no text."""
    result = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=directory,
        env=environment or ENVIRONMENT,
        input=input.encode(),
        capture_output=True,
    )
    if result.returncode != 0:
        said = (result.stdout + result.stderr).decode(errors="replace")
        raise RuntimeError(f"{arguments[:3]} exited {result.returncode}:\n{said}")
    return result.stdout


def start(*arguments, log: pathlib.Path, environment=None) -> subprocess.Popen:
    """Starts a process that goes on running, its output appended to `log`."""
    with open(log, "ab") as output:
        return subprocess.Popen(
            [str(argument) for argument in arguments],
            env=environment or ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def stop(process: subprocess.Popen, seconds: float = 60) -> None:
    """Ends a process that `start` made: politely, then not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(what: str, condition, seconds: float = 60) -> None:
    """Asks every 10 ms until `condition()` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def resident(pid: int) -> int:
    """Resident memory of a process, bytes; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
    except FileNotFoundError:
        pass
    return 0


def descendants(pid: int) -> list[int]:
    """Ids of the processes that `pid` started, and theirs."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as stat:
                    parents.setdefault(int(stat.read().rpartition(")")[2].split()[1]), []).append(int(name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found
