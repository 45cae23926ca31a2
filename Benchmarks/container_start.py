"""What each part of the isolation costs at the start of a container."""

import copy
import json
import pathlib
import shutil
import statistics
import subprocess
import time

import processes
from berthd import Berthd

GROUPS = pathlib.Path("/sys/fs/cgroup")
SPACES = ["pid", "ipc", "uts", "network", "cgroup"]
# What `true` itself needs.
NEEDED_MOUNTS = ["/proc", "/dev", "/usr"]
CAPABILITIES = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SYS_ADMIN"]

WHOLE = "container with everything"
# What a configuration is without, by what the table calls it.
PARTS = {
    "seccomp filter": ["seccomp"],
    "masked and read-only paths of /proc": ["masks"],
    "mounts but /proc, /dev and /usr": ["mounts"],
    "limits (control groups stay)": ["limits"],
    "namespaces: pid, ipc, uts, cgroup, joining the network's": SPACES,
    "a user of its own, dropped capabilities, no-new-privileges": ["user"],
}
HOST = "process on the host, nothing around it"
CREATED = "created and begun by runc alone, not waited for"
WATCHED = "the same under conmon, as every instance is"
BESIDE = ["control groups by hand: made with limits, entered, removed", "network namespace with address", "its removal"]


def measure(server: Berthd, folder: pathlib.Path, rounds: int) -> list[str]:
    """The table's lines."""
    bundles = _bundles(server, folder)
    times = {name: [] for name in [HOST, *bundles, CREATED, WATCHED, *BESIDE]}
    for number in range(rounds + 2):
        turn = {HOST: _timed("/usr/bin/true")}
        for name, bundle in bundles.items():
            turn[name] = _timed("runc", "--root", folder / "runc", "run", "--bundle", bundle, f"bench{number}")
        turn[CREATED] = _begin(bundles[WHOLE], folder, f"created{number}", _create)
        turn[WATCHED] = _begin(bundles[WHOLE], folder, f"watched{number}", _create_watched)
        for name, value in zip(BESIDE, [_groups(), *_namespace(folder)]):
            turn[name] = value
        if number >= 2:
            for name, value in turn.items():
                times[name].append(value)
    for group in [GROUPS / "berth-bench", *GROUPS.glob("*/berth-bench")]:
        if group.exists():
            group.rmdir()
    middle = {name: statistics.median(values) for name, values in times.items()}
    lines = [
        f"Medians over {rounds} interleaved rounds of `runc run` of `/usr/bin/true` with the configuration of a real instance, and without one part of it each. "
        "Namespaces with their address are made ahead of time, so that a start does not wait for them.",
        "",
        "| | ms | part of it |",
        "| --- | --- | --- |",
        f"| {HOST} | {middle[HOST]:.1f} | |",
        f"| {WHOLE} | **{middle[WHOLE]:.1f}** | |",
    ]
    lines += [f"| without: {name} | {middle[name]:.1f} | {middle[WHOLE] - middle[name]:+.1f} |" for name in PARTS]
    lines += [
        f"| {CREATED} | {middle[CREATED]:.1f} | |",
        f"| {WATCHED} | {middle[WATCHED]:.1f} | {middle[WATCHED] - middle[CREATED]:+.1f} |",
    ]
    return lines + [f"| beside it: {name} | {middle[name]:.1f} | |" for name in BESIDE]


# Containers


def _bundles(server: Berthd, folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The configuration of a running instance for `true`, whole and without a part each."""
    runtime = pathlib.Path("/run/berth") / (server.data / "node").read_text().strip()
    instance = next(path for path in (runtime / "containers").iterdir() if path.name.startswith("i-"))
    whole = json.loads((instance / "config.json").read_text())
    whole["process"]["args"] = ["/usr/bin/true"]
    whole["linux"]["cgroupsPath"] = "/berth-bench/start"
    bundles = {}
    for index, (name, parts) in enumerate({WHOLE: [], **PARTS}.items()):
        configuration = copy.deepcopy(whole)
        for part in parts:
            _leave_out(part, configuration)
        bundles[name] = folder / f"bundle-{index}"
        bundles[name].mkdir()
        (bundles[name] / "config.json").write_text(json.dumps(configuration))
    return bundles


def _leave_out(part: str, configuration: dict) -> None:
    linux, process = configuration["linux"], configuration["process"]
    if part == "seccomp":
        del linux["seccomp"]
    elif part == "masks":
        linux["maskedPaths"], linux["readonlyPaths"] = [], []
    elif part == "mounts":
        configuration["mounts"] = [mount for mount in configuration["mounts"] if mount["destination"] in NEEDED_MOUNTS]
    elif part == "limits":
        linux["resources"] = {}
        process["rlimits"] = []
    elif part == "user":
        process["user"] = {"uid": 0, "gid": 0}
        process["capabilities"] = {kind: CAPABILITIES for kind in ["bounding", "effective", "permitted"]}
        process["noNewPrivileges"] = False
    else:
        linux["namespaces"] = [space for space in linux["namespaces"] if space["type"] != part]
        if part == "uts":
            configuration.pop("hostname")


def _timed(*command) -> float:
    """Milliseconds."""
    begin = time.perf_counter()
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{command}: {result.stdout}")
    return (time.perf_counter() - begin) * 1000


def _begin(bundle: pathlib.Path, folder: pathlib.Path, name: str, create) -> float:
    """Makes a container and lets its process begin, as the server does: milliseconds until it has begun."""
    state = folder / "runc"
    begin = time.perf_counter()
    create(bundle, folder, name)
    with open(state / name / "exec.fifo", "rb") as gate:
        gate.read(1)
    time_taken = (time.perf_counter() - begin) * 1000
    processes.run("runc", "--root", state, "delete", "--force", name)
    return time_taken


def _create(bundle: pathlib.Path, folder: pathlib.Path, name: str) -> None:
    subprocess.run(
        ["runc", "--root", str(folder / "runc"), "create", "--bundle", str(bundle), name],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def _create_watched(bundle: pathlib.Path, folder: pathlib.Path, name: str) -> None:
    answer, places = folder / f"{name}.created", folder / "conmon"
    places.mkdir(exist_ok=True)
    processes.run(
        "sh", "-c", 'cd "$1" && shift && exec "$@" 3>"$0"', answer, bundle, "conmon", "--cid", name, "--cuuid", name,
        "--name", name, "--runtime", shutil.which("runc"), "--runtime-arg", "--root", "--runtime-arg", folder / "runc",
        "--bundle", bundle, "--container-pidfile", places / f"{name}.pid", "--conmon-pidfile", places / f"{name}.conmon",
        "--log-path", f"k8s-file:{places / name}.log", "--log-size-max", 1 << 20, "--exit-dir", places,
        "--socket-dir-path", places, "--no-sync-log", environment={**processes.ENVIRONMENT, "_OCI_SYNCPIPE": "3"})
    while not answer.read_bytes().endswith(b"\n"):
        time.sleep(0.0005)


# Beside containers


def _groups() -> float:
    """Milliseconds that the kernel takes for a container's control groups: without runc, which also reads much of them again."""
    is_unified = (GROUPS / "cgroup.controllers").exists()
    hierarchies = [GROUPS] if is_unified else [
        path for path in GROUPS.iterdir()
        if path.name != "unified" and not path.is_symlink() and (path / "cgroup.procs").exists()]
    groups = [hierarchy / "berth-bench-groups" for hierarchy in hierarchies]
    limits = {
        "memory.limit_in_bytes": 1 << 28, "memory.memsw.limit_in_bytes": 1 << 28, "cpu.cfs_quota_us": 50_000,
        "memory.max": 1 << 28, "memory.swap.max": 0, "cpu.max": "50000 100000", "pids.max": 256,
    }
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            begin = time.perf_counter()
            for group in groups:
                group.mkdir()
                # Of v1: nothing enters a group without processors and memory of its own.
                for name in ["cpuset.cpus", "cpuset.mems"]:
                    if not is_unified and (group / name).exists():
                        (group / name).write_text((group.parent / name).read_text())
                for name, value in limits.items():
                    if (group / name).exists():
                        (group / name).write_text(str(value))
                (group / "cgroup.procs").write_text(str(process.pid))
            entered = time.perf_counter()
        finally:
            process.kill()
            process.wait()
        ended = time.perf_counter()
        for group in groups:
            while group.exists():
                try:
                    group.rmdir()
                except OSError:
                    time.sleep(0.0005)
    return (entered - begin + time.perf_counter() - ended) * 1000


def _namespace(folder: pathlib.Path) -> tuple[float, float]:
    """Makes and removes one as the server does, on a bridge of its own: milliseconds of each."""
    place = folder / "netns"
    place.touch()
    configuration = json.dumps({
        "cniVersion": "1.0.0", "name": "berth-bench", "type": "bridge", "bridge": "berth-bench0",
        "ipam": {
            "type": "host-local", "dataDir": str(folder / "addresses"),
            "ranges": [[{"subnet": "10.198.0.0/24", "gateway": "10.198.0.1"}]],
        },
    })

    def plugin(command: str) -> None:
        environment = {
            "CNI_COMMAND": command, "CNI_CONTAINERID": "bench", "CNI_NETNS": str(place), "CNI_IFNAME": "eth0",
            "CNI_PATH": "/usr/lib/cni", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        }
        processes.run("/usr/lib/cni/bridge", environment=environment, input=configuration)

    begin = time.perf_counter()
    processes.run("unshare", f"--net={place}", "--", "ip", "link", "set", "dev", "lo", "up")
    plugin("ADD")
    made = time.perf_counter()
    plugin("DEL")
    processes.run("umount", place)
    gone = time.perf_counter()
    processes.run("ip", "link", "delete", "berth-bench0")
    return (made - begin) * 1000, (gone - made) * 1000
