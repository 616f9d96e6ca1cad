"""SeaweedFS, the object store that files are kept in: a private instance that ends with the block."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from . import WORK
from .nginx import free_ports
from .process import end, spawn

ACCESS_KEY, SECRET_KEY, BUCKET = "BENCH", "only-on-127.0.0.1", "parley"


class SeaweedFS:
    """`.settings` are those of a Parley that keeps its files in it, without TLS."""

    def __enter__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="seaweed-", dir=WORK))
        self.process = None
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        (self.directory / "data").mkdir()
        identity = {"name": "parley", "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
                    "actions": ["Admin", "Read", "Write", "List"]}
        (self.directory / "s3.json").write_text(json.dumps({"identities": [identity]}))
        names = ("master", "volume", "filer", "s3")
        ports = free_ports(2 * len(names))
        options = [f"-{name}.port={port}" for name, port in zip(names, ports)]
        options += [f"-{name}.port.grpc={port}" for name, port in zip(names, ports[len(names):])]
        with open(WORK / "seaweed.log", "wb") as log:
            self.process = spawn(
                [pathlib.Path(sys.executable).parent / "weed", "-logtostderr=true", "server", "-ip=127.0.0.1",
                 "-ip.bind=127.0.0.1", f"-dir={self.directory}/data", "-volume.max=0", "-master.volumeSizeLimitMB=1024",
                 "-master.telemetry=false", "-filer", "-s3", f"-s3.config={self.directory}/s3.json", "-s3.port.iceberg=0",
                 "-s3.port.lance=0", *options],
                stdout=log, stderr=subprocess.STDOUT, cwd=self.directory)
        filer, s3 = (f"http://127.0.0.1:{ports[names.index(name)]}" for name in ("filer", "s3"))
        self.settings = {"S3_ENDPOINT": s3, "S3_BUCKET": BUCKET, "S3_ACCESS_KEY": ACCESS_KEY, "S3_SECRET_KEY": SECRET_KEY}
        for _ in range(600):
            # A bucket is one of the filer's directories.
            if self._answers(s3) and self._answers(f"{filer}/buckets/{BUCKET}/", method="POST"):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"SeaweedFS did not start; see {WORK}/seaweed.log")

    @staticmethod
    def _answers(url, method="GET"):
        try:
            urllib.request.urlopen(urllib.request.Request(url, method=method)).close()
            return True
        except urllib.error.HTTPError as error:
            # It wants a signature, so it is there.
            return error.code == 403
        except OSError:
            return False

    def __exit__(self, *_):
        if self.process:
            end(self.process)
        shutil.rmtree(self.directory, ignore_errors=True)
