"""Several servers on one database, with their uploads in one directory, and the balancers of deploy/ in front of them."""

import os
import pathlib
import re
import subprocess

import requests

import statements
from parley import PATIENCE, ROOT, Person, Server, free_port, until

SECRET = "a secret that all servers of the cluster share"


class Cluster:
    """Servers by their numbers, from 1."""

    def __init__(self, database, directory, count=3, **settings):
        self.database = database
        self.directory = pathlib.Path(directory)
        self.settings = {
            "JWT_SECRET": SECRET, "SHARED_STORAGE": "on", "TRUSTED_PROXIES": "127.0.0.1", "EVENT_LOOPS": "1",
            "PASSWORD_THREADS": "1", "MEDIA_WORKERS": "1", "READY_GRACE": "2", **settings}
        (self.directory / "uploads").mkdir(parents=True)
        self.servers = {number: self.server(number) for number in range(1, count + 1)}

    def server(self, number, **settings):
        """A server that is not started yet."""
        storage = self.directory / f"storage{number}"
        storage.mkdir(exist_ok=True)
        if not (storage / "uploads").exists():
            (storage / "uploads").symlink_to(self.directory / "uploads")
        return Server(
            database=self.database, storage=storage,
            settings={**self.settings, "NODE_NUMBER": str(number), **settings})

    def __enter__(self):
        self.eavesdropper = statements.Eavesdropper(self.database) if statements.RECORDS else None
        try:
            for server in self.servers.values():
                server.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # All at once: a server without others closes its sockets at once.
        for server in self.servers.values():
            if server.is_running:
                server.kill()
        if self.eavesdropper:
            self.eavesdropper.stop()

    @property
    def log(self):
        return "\n".join(f"--- server {number}\n{server.log}" for number, server in self.servers.items())

    def rows(self):
        """The numbers of the servers that the database knows."""
        return [number for number, in next(iter(self.servers.values())).sql("SELECT number FROM nodes ORDER BY number")]

    def sockets(self):
        """How many sockets each server says it has."""
        return dict(next(iter(self.servers.values())).sql("SELECT number, sockets FROM nodes"))


class Balancer:
    """A balancer with the configuration of deploy/, except for the ports."""

    def __init__(self, cluster, directory, path=""):
        self.port = free_port()
        self.directory = pathlib.Path(directory)
        self.cluster = cluster
        self.url = f"http://127.0.0.1:{self.port}{path}"
        self.log_file = self.directory / "balancer.log"
        ports = {8080 + number: server.port for number, server in cluster.servers.items()} | {8080: self.port}
        text = (ROOT / "deploy" / self.example).read_text()
        assert {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", text)} == set(ports), "an address for each server"
        self.text = re.sub(r"127\.0\.0\.1:(\d+)", lambda match: f"127.0.0.1:{ports[int(match[1])]}", text)

    def __enter__(self):
        configuration = self.directory / self.example
        configuration.write_text(self.text)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.command(configuration), stdout=log, stderr=log)
        until(self._answers, f"{self.example} to work: {self.log_file}")
        return self

    def _answers(self):
        assert self.process.poll() is None, self.log_file.read_text()
        try:
            return requests.get(self.url + "/health", timeout=PATIENCE).status_code == 200
        except requests.ConnectionError:
            return False

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=PATIENCE)

    def taken_for_dead(self):
        """The servers whose sockets HAProxy has closed. On a machine that is busy with other things it may be more than the
        test means: one that does not answer for three seconds is frozen for HAProxy."""
        return {int(number) for number in re.findall(r"Server servers/n(\d+) is DOWN", self.log_file.read_text())}

    # What a `Person` needs of a server.
    def request(self, method, path, **options):
        return requests.request(method, self.url + path, timeout=PATIENCE, **options)

    def person(self, name, **fields):
        return Person(self, name, **fields)


class HAProxy(Balancer):
    example = "haproxy.cfg"

    def command(self, configuration):
        return ["haproxy", "-db", "-f", configuration]


class Nginx(Balancer):
    example = "nginx.conf"

    def command(self, configuration):
        # Not as a daemon, with its files in the test's directory.
        for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (self.directory / name).mkdir(exist_ok=True)
        paths = "".join(
            f"{directive} {self.directory}/{name};" for directive, name in [
                ("client_body_temp_path", "body"), ("proxy_temp_path", "proxy"), ("fastcgi_temp_path", "fastcgi"),
                ("uwsgi_temp_path", "uwsgi"), ("scgi_temp_path", "scgi")])
        configuration.write_text(self.text.replace("http {", "http {" + paths, 1))
        user = "user root; " if os.geteuid() == 0 else ""
        return ["nginx", "-c", configuration, "-e", self.log_file, "-g",
                f"{user}daemon off; pid {self.directory}/nginx.pid;"]
