"""Uploads and downloads, compared with nginx: transfers per CPU second of all processes involved.

Parley hashes (SHA-256), sniffs, makes durable (fsync) and writes a row for each upload, of which nginx does nothing; and
it checks a download's token and looks it up in the database, which it need not for a file that is opened again and
again. CPU of the kernel's own threads, such as those that write dirty pages back, is on nobody's account. Every upload's
SHA-256 is compared, every download's length, and the SHA-256 of each connection's first where there is one file.
"""

import hashlib
import json
import os
import re
import urllib.request

from bench import sized
from bench.http import http, parley, upload
from bench.nginx import Nginx
from bench.report import about, record, rounds
from bench.stack import Parley

# Bytes, transfers per measurement, and connections.
SIZES = {
    "100 kB": (100_000, sized(400, 40), 4),
    "1 MB": (1_000_000, sized(200, 20), 4),
    "100 MB": (100_000_000, sized(4, 2), 2),
}
COLUMNS = {"per_cpu_s": "a CPU second", "server_cpu_us": "server µs", "database_cpu_us": "PostgreSQL µs",
           "workers_cpu_us": "media workers µs", "per_s": "a second", "p50_us": "p50 µs"}
# Bytes that begin like no picture and no archive.
PLAIN = b"\1\2plain bytes\2\1"


def run():
    with Parley() as server, Nginx() as nginx:
        server.seed_users(1)
        for name, (size, transfers, connections) in SIZES.items():
            options = {"requests": transfers, "connections": connections, "warm_up": connections}
            about(f"upload-{name}", f"Uploads of {name}",
                  "No two files are alike. Parley hashes, sniffs and syncs each one and stores a row; nginx does none of that.",
                  COLUMNS, ratio="per_cpu_s")
            # No files are deleted until the end: freed inodes and memory help the next subject or, on a file system that
            # avoids recently deleted inodes, hurt it.
            for _ in rounds(f"upload-{name}"):
                measure_uploads(server, nginx, name, upload_bytes=size, **options)
            about(f"download-{name}", f"Downloads of {name}",
                  "The same file again and again, like a picture that was sent to many.", COLUMNS, ratio="per_cpu_s")
            link, sha256 = offer_download(server, nginx, size, "file")
            options["requests"] *= 4
            for _ in rounds(f"download-{name}"):
                measure_downloads(
                    server, nginx, f"download-{name}", [link], ["/file.bin"], length=size, sha256=sha256, **options)
        measure_many(server, nginx, sized(300, 30), *SIZES["100 kB"])
    measure_memory(sized(2 ** 30, 2 ** 26))


def measure_uploads(server, nginx, size, **options):
    subjects = {
        "parley": lambda: upload(server, **options),
        "parley, as a form": lambda: upload(server, form=True, **options),
        "nginx": lambda: http(nginx.port, ["/{n}.bin"], method="PUT", status=201, server=nginx.pid, **options),
    }
    for subject, measure in subjects.items():
        # Sync first: else the kernel writes what nginx left in memory while another subject is measured and charged.
        os.sync()
        record(f"upload-{size}", subject, **account(measure()))


def offer_download(server, nginx, size, name):
    """Puts the same bytes on both servers. Returns the path at Parley and their SHA-256."""
    content = PLAIN + os.urandom(size - len(PLAIN))
    (nginx.files / f"{name}.bin").write_bytes(content)
    request = urllib.request.Request(
        f"{server.url}/upload/file.bin", content, {"Authorization": f"Bearer {server.person(0)[1]}"}, method="PUT")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["uploads"][0]["url"], hashlib.sha256(content).hexdigest()


def measure_downloads(server, nginx, scenario, links, paths, **options):
    record(scenario, "parley", **account(parley(server, links, **options)))
    for subject, port in (("nginx, sendfile off", nginx.port), ("nginx, sendfile on", nginx.sendfile_port)):
        record(scenario, subject, **account(http(port, paths, server=nginx.pid, **options)))


def measure_many(server, nginx, files, size, transfers, connections):
    about("download-many", f"Downloads of 100 kB, {files} files in turn", "Parley looks each file up in its database.", COLUMNS,
          ratio="per_cpu_s")
    links = [offer_download(server, nginx, size, number)[0] for number in range(files)]
    for _ in rounds("download-many"):
        measure_downloads(
            server, nginx, "download-many", links, [f"/{number}.bin" for number in range(files)], length=size,
            requests=4 * transfers, connections=connections, warm_up=connections)


def account(result):
    """The cost of a transfer, in all and by process."""
    parts = {name: result[name] for name in ("server_cpu_us", "database_cpu_us", "workers_cpu_us")}
    return {"per_cpu_s": 1e6 / sum(parts.values()), **parts, "per_s": result["per_s"], "p50_us": result["p50_us"],
            "others_load": result["others_load"]}


def measure_memory(size):
    """The peak growth of the server's memory while it receives one large file."""
    about("upload-memory", "Memory while one large file is uploaded",
          "Resident memory before the upload, and by how much its peak is higher.")
    with Parley(MAX_UPLOAD_BYTES=str(size), USER_QUOTA_BYTES=str(4 * size)) as server:
        record("upload-memory", "parley", **memory_of_one_upload(server, size))


def memory_of_one_upload(server, size):
    server.seed_users(1)
    upload(server, requests=20, upload_bytes=1_000_000)
    # Makes the kernel start the peak anew (proc(5)).
    with open(f"/proc/{server.pid}/clear_refs", "w") as file:
        file.write("5")
    before = status_mb(server.pid, "VmHWM")
    upload(server, requests=1, connections=1, warm_up=0, upload_bytes=size)
    growth = max(0.0, status_mb(server.pid, "VmHWM") - before)
    return {"upload_mb": size / 1e6, "rss_mb": before, "growth_mb": growth}


def status_mb(pid, name):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(rf"^{name}:\s+(\d+) kB", file.read(), re.MULTILINE)[1]) * 1024 / 1e6
