"""Uploads and downloads with files in an object store (SeaweedFS, without TLS), compared with files on the disk.

Both servers receive, hash, sniff and process on the disk. What an object store costs beside that is the signed request and
one more way of each byte through the kernel. The store's own CPU time is on nobody's account.
"""

import json
import os
import urllib.request

from bench import sized
from bench.http import parley, upload
from bench.report import about, record, rounds
from bench.seaweed import SeaweedFS
from bench.stack import Parley
from scenarios.transfers import PLAIN, SIZES, account, memory_of_one_upload

COLUMNS = {"server_cpu_us": "server µs", "database_cpu_us": "PostgreSQL µs", "workers_cpu_us": "media workers µs",
           "per_s": "a second", "p50_us": "p50 µs"}


def run():
    with SeaweedFS() as store:
        with Parley() as disk, Parley(S3_CACHE_BYTES="0", **store.settings) as objects, Parley(**store.settings) as cached:
            for name, (size, transfers, connections) in SIZES.items():
                options = {"requests": transfers, "connections": connections, "warm_up": connections}
                measure_uploads(name, {"disk": disk, "object store": objects}, upload_bytes=size, **options)
                options["requests"] *= 4
                measure_downloads(
                    name, {"disk": disk, "object store": objects, "object store, with its cache": cached}, length=size, **options)
        measure_memory(store, sized(2 ** 30, 2 ** 26))


def measure_uploads(name, servers, **options):
    about(f"object-upload-{name}", f"Uploads of {name} to an object store", "No two files are alike.", COLUMNS,
          ratio="server_cpu_us", of="disk")
    for server in servers.values():
        server.seed_users(1)
    for _ in rounds(f"object-upload-{name}"):
        for subject, server in servers.items():
            # What one leaves in memory must not be written on the other's account.
            os.sync()
            record(f"object-upload-{name}", subject, **account(upload(server, **options)))


def measure_downloads(name, servers, length, **options):
    about(f"object-download-{name}", f"Downloads of {name} from an object store",
          "The same file again and again. Files above 1 MiB are never cached.", COLUMNS, ratio="server_cpu_us", of="disk")
    content = PLAIN + os.urandom(length - len(PLAIN))
    links = {}
    for subject, server in servers.items():
        server.seed_users(1)
        request = urllib.request.Request(
            f"{server.url}/upload/file.bin", content, {"Authorization": f"Bearer {server.person(0)[1]}"}, method="PUT")
        with urllib.request.urlopen(request) as answer:
            upload_made = json.load(answer)["uploads"][0]
        links[subject] = upload_made["url"], upload_made["sha256"]
    for _ in rounds(f"object-download-{name}"):
        for subject, server in servers.items():
            link, sha256 = links[subject]
            result = parley(server, [link], length=length, sha256=sha256, **options)
            record(f"object-download-{name}", subject, **account(result))


def measure_memory(store, size):
    about("object-upload-memory", "Memory while one large file is uploaded to an object store",
          "Resident memory before the upload, and by how much its peak is higher.")
    with Parley(MAX_UPLOAD_BYTES=str(size), USER_QUOTA_BYTES=str(4 * size), **store.settings) as server:
        record("object-upload-memory", "object store", **memory_of_one_upload(server, size))
