"""What a server has on its machine, in its data folder and in its Postgres, against what it knows of."""

import pathlib
import re
import sqlite3

import processes

# Network namespaces that wait ready made.
READY_NETWORKS = 2
# How a deploy's log ends; after a switch that a stop of the server cut short nothing else may come.
ENDING = re.compile(rb"\] deploy (complete|failed: [^\n]*)\n\Z")
SWITCHED = b"the server stopped after the switch of this deploy; its version is live\n"


class Known:
    """What the API shows of one app with one channel."""

    def __init__(self, server, app, channel):
        base = f"/apps/{app}/channels/{channel}"
        self.app, self.channel = app, channel
        instances = server.api("GET", f"{base}/instances")[1]
        self.instances = {one["instance_id"]: one["state"] for one in instances["instances"]}
        self.stopped = {one["instance_id"] for one in instances["stopped"]}
        self.live = {id for id, state in self.instances.items() if state == "live"}
        self.releases = {one["release_id"] for one in server.api("GET", f"{base}/releases")[1]["releases"]}
        database = server.api("GET", f"{base}/postgres")[1]
        self.role = database.get("role_name", f"that of {channel}")
        self.schema = database.get("schema_name", f"that of {channel}")


def find(server, known):
    """A line for each thing that is left over or missing. What is on its way out counts: ask again after a while."""
    return [*_machine(server, known), *_postgres(server, known), *_rows(server, known), *_folders(server, known)]


def _compare(what, found, wanted):
    strays, missing = sorted(found - wanted), sorted(wanted - found)
    return [f"{what}: {strays} should not be there, {missing} should"] if strays or missing else []


def _names(folder):
    try:
        return {path.name for path in pathlib.Path(folder).iterdir()}
    except FileNotFoundError:
        return set()


# The machine


def _machine(server, known):
    node = (server.data / "node").read_text().strip()
    runtime = f"/run/berth/{node}"
    wanted = {f"i-{id}" for one in known for id in one.live}
    groups = set()
    for hierarchy in [pathlib.Path("/sys/fs/cgroup"), *pathlib.Path("/sys/fs/cgroup").iterdir()]:
        groups |= _groups(hierarchy / "berth" / node) | _groups(hierarchy / f"berth-builds-{node}")
    namespaces, mounts = set(), set()
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4]
        if point.startswith(f"{runtime}/netns/"):
            namespaces.add(point)
        elif point.startswith((f"{runtime}/", f"{server.data}/")):
            mounts.add(point)
    links = _names(f"/sys/class/net/{_bridge(server)}/brif")
    failures = _compare("containers", _names(f"{runtime}/runc"), wanted) + _compare("cgroups", groups, wanted)
    failures += _compare("mounts", mounts, set())
    for what, found in [("links of the bridge", links), ("network namespaces", namespaces)]:
        if not len(wanted) <= len(found) <= len(wanted) + READY_NETWORKS:
            failures.append(f"{len(found)} {what} for {len(wanted)} instances: {sorted(found)}")
    return failures


def _groups(folder):
    """Names of containers' groups in or below a folder."""
    found = set()
    if folder.is_dir():
        for child in folder.iterdir():
            if child.is_dir():
                found |= {child.name} if child.name.startswith(("i-", "t-")) else _groups(child)
    return found


def _bridge(server):
    gateway = server.subnet.replace(".0/24", ".1")
    for line in processes.run("ip", "-oneline", "-4", "address").splitlines():
        fields = line.split()
        if fields[3].split("/")[0] == gateway:
            return fields[1]
    raise RuntimeError(f"no interface has {gateway}")


# Postgres


def _postgres(server, known):
    def ask(database, query):
        secrets = server.data / "secrets"
        password, port = ((secrets / f"postgres.{name}").read_text().strip() for name in ("password", "port"))
        address = f"postgresql://berth:{password}@127.0.0.1:{port}/{database}"
        return set(processes.run("psql", "-X", "-q", "-t", "-A", "-c", query, address).split())

    roles = ask("postgres", r"SELECT rolname FROM pg_roles WHERE rolname LIKE 'r\_%'")
    schemas = set()
    for database in ask("postgres", r"SELECT datname FROM pg_database WHERE datname LIKE 'u\_%'"):
        schemas |= ask(database, r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'ch\_%'")
    return [
        *_compare("roles", roles, {one.role for one in known}),
        *_compare("schemas", schemas, {one.schema for one in known}),
    ]


# The data folder


def _rows(server, known):
    store = sqlite3.connect(f"file:{server.data / 'berth.sqlite'}?mode=ro", uri=True)
    try:
        def ids(table):
            return {row[0] for row in store.execute(f"SELECT id FROM {table}")}

        instances = {id for one in known for id in [*one.instances, *one.stopped]}
        return [
            *_compare("rows of apps", ids("app"), {one.app for one in known}),
            *_compare("rows of channels", ids("channel"), {one.channel for one in known}),
            *_compare("rows of instances", ids("instance"), instances),
            *_compare("rows of releases", ids("release"), {id for one in known for id in one.releases}),
            *_logs(server.data / "logs/deploys", ids("deploy")),
        ]
    finally:
        store.close()


def _logs(folder, deploys):
    failures = _compare("logs of deploys", {name.removesuffix(".log") for name in _names(folder)}, deploys)
    for path in folder.glob("*.log"):
        log = path.read_bytes()
        if not ENDING.search(log):
            failures.append(f"{path.name} has no end: {log[-200:]!r}")
        if SWITCHED in log and log.partition(SWITCHED)[2].count(b"\n") != 1:
            failures.append(f"{path.name} goes on after its switch: {log[-400:]!r}")
    return failures


def _folders(server, known):
    shared = server.data / "releases/sites"
    releases = {id for one in known for id in one.releases}
    named = {path.name for path in shared.glob("*/manifests/*")}
    logs = {name.split(".")[0] for name in _names(server.data / "logs/instances")}
    instances = {id for one in known for id in [*one.instances, *one.stopped]}
    return [
        *_compare("releases on disk", _names(server.data / "releases") - {shared.name}, releases),
        *_compare("shared content of apps", _names(shared) - {one.app for one in known}, set()),
        *_compare("shared content of releases", named - releases, set()),
        *_compare("logs of instances", logs - instances, set()),
        *_compare("volumes", _names(server.data / "volumes") - {one.channel for one in known}, set()),
        *[f"{path} is left over" for path in (server.data / "repos").glob("*/objects/incoming-*")],
    ]
