"""HAProxy before the servers of a `Cluster`, with the configuration of deploy/ except for the ports."""

import contextlib
import re
import subprocess

from . import ROOT, WORK
from .cluster import is_listening, until
from .nginx import free_ports
from .process import end, spawn


@contextlib.contextmanager
def haproxy(cluster):
    """Yields the port at which people connect."""
    port, = free_ports(1)
    ports = {8080: port} | {8081 + index: int(each) for index, each in enumerate(cluster.port.split(","))}
    text = (ROOT / "deploy" / "haproxy.cfg").read_text()
    configuration = WORK / "haproxy.cfg"
    configuration.write_text(re.sub(r"127\.0\.0\.1:(\d+)", lambda match: f"127.0.0.1:{ports[int(match[1])]}", text))
    with open(WORK / "haproxy.log", "ab") as log:
        process = spawn(["/usr/sbin/haproxy", "-db", "-f", configuration], stdout=subprocess.DEVNULL, stderr=log)
    try:
        until(lambda: is_listening(port), process, "HAProxy")
        yield port
    finally:
        end(process)
