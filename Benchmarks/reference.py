"""The other side of the comparison: git's own server, `git http-backend`, behind nginx and fcgiwrap."""

import pathlib

import processes

CONFIGURATION = """
daemon off;
worker_processes 2;
user root;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    fastcgi_temp_path {folder}/fastcgi;
    proxy_temp_path {folder}/proxy;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            include {folder}/git.conf;
        }}
        location /closed/ {{
            auth_basic "git";
            auth_basic_user_file {folder}/passwords;
            include {folder}/git.conf;
        }}
    }}
}}
"""

GIT = """
            fastcgi_pass unix:{folder}/fcgi.sock;
            fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
            fastcgi_param GIT_PROJECT_ROOT {folder}/repos;
            fastcgi_param GIT_HTTP_EXPORT_ALL "";
            fastcgi_param GIT_PROTOCOL $http_git_protocol;
            fastcgi_param PATH_INFO $uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_param REMOTE_USER $remote_user;
            # As git's documentation has it: what is asked of the client is on its way at once.
            fastcgi_request_buffering off;
            fastcgi_buffering off;
"""


class GitHTTPBackend:
    """Started on entry, ended on exit. Repositories without a password spare it the round trip of a 401."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.port = processes.free_port()
        self.running = []

    def __enter__(self) -> "GitHTTPBackend":
        (self.folder / "repos").mkdir(parents=True)
        configuration = self.folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=self.folder, port=self.port))
        (self.folder / "git.conf").write_text(GIT.format(folder=self.folder))
        (self.folder / "passwords").write_text("admin:{PLAIN}secret\n")
        try:
            self.running.append(
                processes.start(
                    "fcgiwrap", "-s", f"unix:{self.folder}/fcgi.sock", log=self.folder / "fcgiwrap.log"))
            processes.wait_for("fcgiwrap listens", (self.folder / "fcgi.sock").exists, 10)
            self.running.append(
                processes.start("nginx", "-c", configuration, "-p", self.folder, log=self.folder / "nginx.log"))
            processes.wait_for("nginx listens", (self.folder / "nginx.pid").exists, 10)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        for process in reversed(self.running):
            processes.stop(process, 10)

    def create(self, name: str, has_password: bool = False) -> str:
        """An empty repository; the address to push to, with the password."""
        path = self.folder / "repos" / (f"closed/{name}.git" if has_password else f"{name}.git")
        processes.run("git", "init", "--quiet", "--bare", "--initial-branch=master", path)
        processes.run("git", "-C", path, "config", "http.receivepack", "true")
        if has_password:
            return f"http://admin:secret@127.0.0.1:{self.port}/closed/{name}.git"
        return f"http://127.0.0.1:{self.port}/{name}.git"
