"""Runs the HTTP load tool (load/http.cpp)."""

import contextlib
import json
import subprocess
import tempfile

from . import WORK
from .process import end, spawn


class WrongAnswer(Exception):
    """Some answers were wrong; the text says which and how many."""


def http(port, paths, tokens=(), bodies=(), **options):
    """Puts load on a server. Returns what the tool prints, as a dictionary. `options` are the tool's, `_` for `-`.

    paths, tokens, bodies (made JSON): taken in turn by the requests.
    Raises WrongAnswer if any answer was.
    """
    with contextlib.ExitStack() as files:
        def lines(values):
            file = files.enter_context(tempfile.NamedTemporaryFile("w", dir=WORK, prefix="lines-"))
            file.writelines(f"{value}\n" for value in values)
            file.flush()
            return file.name

        options = {"port": port, "paths": lines(paths), **options}
        if tokens:
            options["tokens"] = lines(tokens)
        if bodies:
            options["bodies"] = lines(map(json.dumps, bodies))
        arguments = [str(part) for name, value in options.items() for part in ("--" + name.replace("_", "-"), value)]
        process = spawn([WORK / "http", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            output, complaint = process.communicate(timeout=600)
        finally:
            end(process)
    if process.returncode == 3:
        raise WrongAnswer(complaint.strip())
    if process.returncode:
        raise RuntimeError(f"the load tool ended with {process.returncode}: {complaint.strip()}")
    return json.loads(output)


def parley(server, paths, people=(0,), **options):
    """The same on a `stack.Parley`, as these of its people, with the account of its processes."""
    tokens = [server.person(person)[1] for person in people]
    return http(server.port, paths, tokens, server=server.pid, database=server.postgres_pid, **options)


def upload(server, requests, form=False, **options):
    """Uploads to a `stack.Parley`. Each answer has to name the SHA-256 of the upload."""
    return parley(
        server, ["/upload"] if form else ["/upload/load.bin"], requests=requests, method="POST" if form else "PUT",
        upload_as="form" if form else "body", status=201, echoes_sha256=1, **options)
