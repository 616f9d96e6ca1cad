"""The machine and the programs that the figures were measured with."""

import importlib.metadata
import json
import os
import pathlib
import subprocess
import time

from . import ROOT
from .peers import node_modules
from .stack import BINARIES


def markdown(started, steal):
    """started: when the run began, in seconds since 1970. steal: CPU seconds the hypervisor kept since then."""
    minutes = (time.time() - started) / 60
    rows = [
        f"- {time.strftime('%Y-%m-%d %H:%M', time.gmtime(started))} UTC, {minutes:.0f} minutes; "
        f"the hypervisor kept {steal:.1f} CPU seconds for others",
        f"- {os.cpu_count()} × {_field('/proc/cpuinfo', 'model name')}, {_memory()} GiB, Linux {os.uname().release}, "
        f"{_field('/etc/os-release', 'PRETTY_NAME')}",
        "- parley " + _output("git", "-C", ROOT, "describe", "--always", "--dirty") + ", "
        + _output("swift", "--version").split(" (")[0] + _foreign_binary(),
        "- " + ", ".join(filter(None, [
            _output(_newest("/usr/lib/postgresql/*/bin/postgres"), "--version"),
            _python("python-socketio"), _python("uvicorn"), _python("uvloop"), _python("asyncpg"),
            "node " + _output("node", "--version"), _node("ws"), _node("pg"),
            _output("nginx", "-v").removeprefix("nginx version: "), _output("vips", "--version"),
        ])),
    ]
    return "\n".join(rows)


def _foreign_binary():
    """The commit above is that of the sources. A program built elsewhere may be of another."""
    return f"; measured is {BINARIES}/parley" if "PARLEY_BIN_DIR" in os.environ else ""


def steal_seconds():
    """CPU time that the hypervisor has withheld from this machine since it started."""
    with open("/proc/stat") as lines:
        return int(lines.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def _output(*command):
    try:
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout.strip().split("\n")[0] if done.returncode == 0 else ""
    except OSError:
        return ""


def _newest(pattern):
    return max(map(str, pathlib.Path("/").glob(pattern.lstrip("/"))), default="")


def _field(path, name):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.replace("=", ":").split(":", 1)[1].strip(' "')
    return ""


def _memory():
    return round(int(_field("/proc/meminfo", "MemTotal").split()[0]) / 2**20)


def _python(package):
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return ""


def _node(package):
    path = node_modules() / package / "package.json"
    return f"{package} {json.loads(path.read_text())['version'].split('+')[0]}"
