"""A `berthd serve` of our own."""

import http.client
import json
import os
import pathlib
import re

import processes


class Berthd:
    """Started on entry, ended and cleaned up on exit."""

    def __init__(self, folder: pathlib.Path, root: pathlib.Path, settings: dict[str, str] | None = None, log_level: str = "warning"):
        self.settings = settings or {}
        self.log_level = log_level
        self.program = os.environ.get("BERTHD") or str(root / ".build/release/berthd")
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "berthd.log"
        self.port = processes.free_port()
        self.subnet = _free_subnet()
        self.process = None
        self.token = None

    def __enter__(self) -> "Berthd":
        self.folder.mkdir(parents=True)
        self.process = processes.start(
            self.program, "serve", "--data", self.data, "--domain", "localhost",
            "--listen", f"127.0.0.1:{self.port}", "--subnet", self.subnet, "--log-level", self.log_level,
            log=self.log, environment={**processes.ENVIRONMENT, **self.settings},
        )
        try:
            processes.wait_for("berthd is ready", self._is_ready)
            # Shown a moment after the listener is open.
            processes.wait_for("the token is shown", self._read_token)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        processes.stop(self.process)
        processes.run(self.program, "down", "--data", self.data, "--subnet", self.subnet)

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"berthd exited {self.process.returncode}:\n{self.log.read_text()}")
        try:
            return self.request("GET", "api.localhost", "/healthz")[0] == 200
        except OSError:
            return False

    def _read_token(self) -> bool:
        found = re.search(r"xh_live_[A-Za-z0-9_-]+", self.log.read_text())
        self.token = found and found.group()
        return found is not None

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def request(self, method: str, host: str, path: str, body=None, headers=None) -> tuple[int, bytes]:
        """One request on a connection of its own; status and body."""
        connection = self.connect()
        try:
            connection.request(method, path, body=body, headers={"Host": host, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def add_user(self, name: str) -> str:
        """A token of a new user."""
        return processes.run(self.program, "user", "add", name, "--data", self.data).strip()

    def add_user(self, name: str) -> str:
        """A further user's token."""
        text = processes.run(self.program, "user", "add", name, "--data", self.data)
        return re.search(r"xh_live_[A-Za-z0-9_-]+", text).group()

    def create_app(self, name: str, template: str, user: str = "admin", token: str | None = None) -> str:
        """The address to push to, token included."""
        token = token or self.token
        status, body = self.request(
            "POST", "api.localhost", "/apps", json.dumps({"name": name, "template": template}),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        if status != 200:
            raise RuntimeError(f"creating {name}: {status} {body!r}")
        return f"http://{user}:{token}@git.localhost:{self.port}/{user}/{name}.git"

    def app_id(self, name: str) -> str:
        status, body = self.request("GET", "api.localhost", "/apps", headers={"Authorization": f"Bearer {self.token}"})
        return next(app["id"] for app in json.loads(body)["apps"] if app["name"] == name)

    def site(self, app: str, user: str = "admin") -> str:
        return f"{app}-{user}.localhost:{self.port}"


def _free_subnet() -> str:
    """A range for containers that no interface of this machine has."""
    used = processes.run("ip", "-oneline", "-4", "address")
    for number in range(199, 150, -1):
        if f" 10.{number}." not in used:
            return f"10.{number}.0.0/24"
    raise RuntimeError("no free subnet: remove the bridges of servers that were killed, with berthd down")
