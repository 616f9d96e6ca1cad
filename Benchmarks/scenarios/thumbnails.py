"""Pictures: what a JPEG of 12 megapixels, and one of 108, costs from its bytes to its thumbnails, per CPU second.

Parley's media worker by itself, and the whole upload through the server; a C loop on libvips that makes the same files,
which is checked byte for byte; and vipsthumbnail, which makes the three sizes only, each from a decoding of its own.
"""

import contextlib
import json
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import tempfile
import threading

from bench import WORK, sized
from bench.account import tree, tree_cpu_seconds
from bench.http import upload
from bench.process import end, spawn
from bench.report import about, record, rounds
from bench.stack import BINARIES, Parley

SIZES = {"small": 160, "medium": 480, "large": 1280}
LIMITS = {"seconds": 40, "cpuSeconds": 30, "toolSeconds": 15, "memoryBytes": 1 << 30, "fileBytes": 2 << 30, "openFiles": 64,
          "maxPixels": 100_000_000, "maxShrunkPixels": 400_000_000, "maxMovingPixels": 25_000_000, "maxEdge": 32_768,
          "maxFrames": 300}


PICTURES = sized(12, 4)
HUGE_PICTURES = sized(4, 1)
COLUMNS = {
    "pictures_per_cpu_s": "a CPU second", "server_cpu_us": "server µs", "workers_cpu_us": "media workers µs",
    "database_cpu_us": "PostgreSQL µs", "p50_us": "p50 µs",
}
TEXT = {
    "upright": "The bytes are kept, without the metadata.",
    "turned": "EXIF orientation 6: the picture that others get is turned and encoded again.",
}


def run():
    with tempfile.TemporaryDirectory(prefix="pictures-", dir=WORK) as directory:
        directory = pathlib.Path(directory)
        photos = make_photos(directory)
        with Worker(directory) as worker, Parley() as server:
            server.seed_users(1)
            for kind, photo in photos.items():
                scenario = f"thumbnails-{kind}"
                about(scenario, f"A picture of 12 megapixels, {kind}", TEXT[kind], COLUMNS, ratio="pictures_per_cpu_s")
                check_outputs(worker, photo, directory)
                for _ in rounds(scenario):
                    for subject, pictures_per_cpu_s in (
                        ("parley", worker.measure(photo, PICTURES)),
                        ("C on libvips", c_loop(photo, directory, PICTURES)[0]),
                        ("vipsthumbnail, the three sizes only", vipsthumbnail(photo, directory, PICTURES // 4)),
                    ):
                        record(scenario, subject, pictures_per_cpu_s=pictures_per_cpu_s)
                    record(scenario, "parley, the whole upload", **measure_uploads(server, photo, PICTURES))
            measure_huge(worker, directory)


def measure_huge(worker, directory):
    """A photograph as telephones with 108 megapixels take it. The worker shrinks it while it decodes it."""
    scenario = "thumbnails-huge"
    about(scenario, "A picture of 108 megapixels", "Its bytes are kept, without the metadata.",
          {"pictures_per_cpu_s": "a CPU second", "memory_mb": "memory MB"}, ratio="pictures_per_cpu_s")
    photo = make_huge_photo(directory)
    for _ in rounds(scenario):
        with PeakMemory(worker.process.pid) as peak:
            pictures_per_cpu_s = worker.measure(photo, HUGE_PICTURES)
        record(scenario, "parley", pictures_per_cpu_s=pictures_per_cpu_s, memory_mb=peak.kb / 1000)
        record(scenario, "vipsthumbnail, the three sizes only",
               pictures_per_cpu_s=vipsthumbnail(photo, directory, HUGE_PICTURES))


def make_photos(directory):
    """A JPEG of 4000 × 3000 pixels that compresses as a photograph does (soft shapes and noise), upright and lying on
    its side, with what a telephone writes into its metadata."""
    def vips(*arguments):
        subprocess.run(["vips", *map(str, arguments)], cwd=directory, check=True)

    for band in "123":
        vips("perlin", f"shape{band}.v", 4000, 3000, "--cell-size", 300, "--uchar", "--seed", band)
        vips("gaussnoise", f"noise{band}.v", 4000, 3000, "--mean", 0, "--sigma", 12, "--seed", band)
        vips("add", f"shape{band}.v", f"noise{band}.v", f"band{band}.v")
    vips("bandjoin", "band1.v band2.v band3.v", "all.v")
    vips("cast", "all.v", "bytes.v", "uchar")
    photos = {}
    for kind, orientation in (("upright", 1), ("turned", 6)):
        name = f"{kind}.jpg"
        vips("copy", "bytes.v", f"{name}[Q=90]")
        subprocess.run(
            ["exiftool", "-q", "-overwrite_original", "-n", f"-Orientation={orientation}", "-Make=Camera",
             "-GPSLatitude=48.8584", "-GPSLatitudeRef=N", "-GPSLongitude=2.2945", "-GPSLongitudeRef=E", name],
            cwd=directory, check=True)
        photos[kind] = directory / name
    vips("replicate", "bytes.v", HUGE, 3, 3)
    for image in {*directory.glob("*.v")} - {directory / HUGE}:
        image.unlink()
    return photos


HUGE = "huge.v"


def make_huge_photo(directory):
    photo = directory / "huge.jpg"
    subprocess.run(["vips", "copy", HUGE, f"{photo.name}[Q=90]"], cwd=directory, check=True)
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-Make=Camera", photo.name], cwd=directory, check=True)
    (directory / HUGE).unlink()
    return photo


class PeakMemory:
    """The most resident memory that a descendant of a process had during a block: `kb`. Looks every few milliseconds, and
    the kernel remembers the most of each process until it ends."""

    def __init__(self, pid):
        self.pid = pid
        self.kb = 0

    def __enter__(self):
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _look(self):
        while not self._ended.wait(0.005):
            for pid in tree(self.pid):
                with contextlib.suppress(OSError, StopIteration):
                    with open(f"/proc/{pid}/status") as status:
                        most = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
                    self.kb = max(self.kb, most)


class Worker:
    """`parley media-worker` as the server starts it: jobs and answers are lines of JSON on a socket, and a job's directory
    comes as a descriptor."""

    # A worker started by root runs as nobody.
    ACCOUNT = {"user": 65534, "group": 65534} if os.geteuid() == 0 else None

    def __init__(self, directory):
        self.directory = directory

    def __enter__(self):
        self.socket, theirs = socket.socketpair()
        with theirs:
            self.process = spawn([BINARIES / "parley", "media-worker"], stdin=theirs, env={})
        self.answers = self.socket.makefile()
        self._send({"account": self.ACCOUNT})
        if "ready" not in self._receive():
            raise RuntimeError("the media worker did not start")
        return self

    def __exit__(self, *_):
        self.answers.close()
        self.socket.close()
        end(self.process)

    def _send(self, message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def _receive(self):
        return json.loads(self.answers.readline())

    def _make_job(self, photo):
        job = self.directory / "job"
        (job / "out").mkdir(parents=True)
        os.link(photo, job / "input")
        if self.ACCOUNT:
            for path in (job, job / "input"):
                os.chown(path, 0, self.ACCOUNT["group"])
            job.chmod(0o750)
            photo.chmod(0o640)
            os.chown(job / "out", *self.ACCOUNT.values())
        return job

    def process_picture(self, photo):
        """The worker's answer about one picture. Its files lie in the job's directory."""
        job = self._make_job(photo)
        descriptor = os.open(job, os.O_RDONLY | os.O_DIRECTORY)
        socket.send_fds(self.socket, [b"\0"], [descriptor])
        os.close(descriptor)
        self._send({"type": "image/jpeg", "limits": LIMITS, "makesJPEG": False})
        media = self._receive()["processed"]["_0"]
        if len(media["thumbnails"]) != len(SIZES) or "cleaned" not in media:
            raise RuntimeError(f"the media worker made of {photo}: {media}")
        for result in (job / "out").iterdir():
            result.rename(self.directory / result.name.replace("file", photo.name, 1))
        shutil.rmtree(job)
        return media

    def measure(self, photo, pictures):
        """Pictures per CPU second: the worker's, and that of the process of each job."""
        before = tree_cpu_seconds(self.process.pid)
        for _ in range(pictures):
            self.process_picture(photo)
        return pictures / (tree_cpu_seconds(self.process.pid) - before)


def c_loop(photo, directory, pictures):
    """Pictures per CPU second, and the blurhash."""
    outputs = directory / "c"
    outputs.mkdir(exist_ok=True)
    output = subprocess.run(
        [WORK / "thumbnails", photo, outputs, str(pictures)], check=True, capture_output=True, text=True).stdout
    result = json.loads(output)
    return pictures / result["cpuSeconds"], result["blurhash"]


def check_outputs(worker, photo, directory):
    """Checks that both make the same thumbnails, the same served picture and the same blurhash."""
    media = worker.process_picture(photo)
    _, blurhash = c_loop(photo, directory, 1)
    names = {f"{photo.name}.{size}.webp": f"{size}.webp" for size in SIZES} | {f"{photo.name}.cleaned": "cleaned"}
    different = [ours for ours, theirs in names.items()
                 if (directory / ours).read_bytes() != (directory / "c" / theirs).read_bytes()]
    if different or media["blurhash"] != blurhash:
        raise RuntimeError(f"the C loop makes other files than the media worker: {different}, {blurhash}, {media}")


def vipsthumbnail(photo, directory, pictures):
    """Pictures per CPU second: three sizes each, including a program start for each size."""
    def children():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = children()
    for _ in range(pictures):
        for size, edge in SIZES.items():
            subprocess.run(
                ["vipsthumbnail", photo, "--size", f"{edge}x{edge}>",
                 "-o", f"{directory}/vt-{size}.webp[Q=80,effort=2,strip]"],
                check=True, env={"PATH": "/usr/bin:/bin", "VIPS_CONCURRENCY": "1"})
    return pictures / (children() - before)


def measure_uploads(server, photo, pictures):
    """The whole path: request, disk, database, worker."""
    result = upload(server, pictures, upload_file=photo, connections=2, warm_up=4, contains='"kind":"image"')
    cpu = sum(result[part] for part in ("server_cpu_us", "database_cpu_us", "workers_cpu_us"))
    return {"pictures_per_cpu_s": 1e6 / cpu,
            **{name: result[name] for name in ("server_cpu_us", "workers_cpu_us", "database_cpu_us", "p50_us")}}
