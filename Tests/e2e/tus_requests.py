"""Requests of the tus protocol, whose answers a test looks at itself."""

import base64
import hashlib
import os
import pathlib
import socket

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


def create(person, length, name="file.bin", **headers):
    encoded = base64.b64encode(name.encode()).decode()
    return person.post(
        "/upload", headers={**TUS, "Upload-Length": str(length), "Upload-Metadata": f"filename {encoded},empty", **headers})


def patch(person, location, offset, content, **headers):
    return person.request("PATCH", location, headers={**BYTES, "Upload-Offset": str(offset), **headers}, data=content)


def head(person, location):
    answer = person.request("HEAD", location, headers=TUS)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def checksum(algorithm, content):
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"}


def begin_patch(person, location, offset, length, **headers):
    """A PATCH whose body the caller sends byte by byte."""
    connection = socket.create_connection(("127.0.0.1", person.server.port))
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection.sendall(
        f"PATCH {location} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {person.token}\r\nTus-Resumable: 1.0.0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\nContent-Length: {length}\r\n{more}\r\n"
        .encode())
    return connection


def is_open(server, location):
    """Whether somebody writes to an unfinished upload. Asks the kernel, which disturbs nothing."""
    files = pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()
    return any(os.path.realpath(file).endswith(location.split("/")[-1]) for file in files)
