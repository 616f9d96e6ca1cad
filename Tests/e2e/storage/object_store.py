"""A real object store, SeaweedFS, and a proxy in front of it that fails as a test needs."""

import contextlib
import hashlib
import hmac
import http.client
import http.server
import json
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid
import xml.etree.ElementTree

from processes import PATIENCE, free_port, until

ACCESS_KEY, SECRET_KEY, REGION = "AKIAEXAMPLE", "a secret/key+of the tests".replace(" ", "-"), "us-east-1"


class Store:
    """A running SeaweedFS."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.port = free_port()
        self.process = None

    def __enter__(self):
        (self.directory / "data").mkdir(exist_ok=True)
        identity = {"name": "parley", "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
                    "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        (self.directory / "s3.json").write_text(json.dumps({"identities": [identity]}))
        self.ports = {name: free_port() for name in ("master", "volume", "filer")}
        self.start()
        return self

    def start(self):
        options = [f"-{name}.port={port}" for name, port in self.ports.items()]
        options += [f"-{name}.port.grpc={free_port()}" for name in ("master", "volume", "filer", "s3")]
        with open(self.directory / "weed.log", "ab") as log:
            self.process = subprocess.Popen(
                [pathlib.Path(sys.executable).parent / "weed", "-logtostderr=true", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                 f"-dir={self.directory}/data", "-volume.max=0", "-master.volumeSizeLimitMB=64", "-master.telemetry=false",
                 "-filer", "-s3", f"-s3.port={self.port}", f"-s3.config={self.directory}/s3.json", "-s3.port.iceberg=0",
                 "-s3.port.lance=0", *options],
                stdout=log, stderr=log, cwd=self.directory)
        until(self._is_ready, "SeaweedFS")

    def _is_ready(self):
        assert self.process.poll() is None, (self.directory / "weed.log").read_text()[-3000:]
        try:
            return self.request("PUT", f"/{uuid.uuid4().hex}")[0] == 200
        except OSError:
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def make_bucket(self):
        name = f"parley-{uuid.uuid4().hex[:12]}"
        assert self.request("PUT", f"/{name}")[0] == 200
        return Bucket(self, name)

    def request(self, method, path, query=None, body=b"", port=None):
        """A request that is signed here, not by the server under test. Returns its status and its body."""
        moment = time.gmtime()
        date, day = time.strftime("%Y%m%dT%H%M%SZ", moment), time.strftime("%Y%m%d", moment)
        text = "&".join(f"{urllib.parse.quote(name, safe='~')}={urllib.parse.quote(value, safe='~')}"
                        for name, value in sorted((query or {}).items()))
        digest = hashlib.sha256(body).hexdigest()
        headers = {"host": f"127.0.0.1:{port or self.port}", "x-amz-content-sha256": digest, "x-amz-date": date}
        canonical = "\n".join([method, urllib.parse.quote(path, safe="/~"), text,
                               *(f"{name}:{value}" for name, value in headers.items()), "", ";".join(headers), digest])
        scope = f"{day}/{REGION}/s3/aws4_request"
        signed = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{SECRET_KEY}".encode()
        for part in (day, REGION, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, signed.encode(), hashlib.sha256).hexdigest()
        headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders={';'.join(list(headers))}, "
                                    f"Signature={signature}")
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request(method, urllib.parse.quote(path, safe="/~") + (f"?{text}" if text else ""), body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()


class Bucket:
    """A bucket of its own for one test."""

    def __init__(self, store, name):
        self.store, self.name = store, name

    def settings(self, url=None, **more):
        """The settings of a server that keeps its files here."""
        return {"S3_ENDPOINT": url or self.store.url, "S3_BUCKET": self.name, "S3_REGION": REGION,
                "S3_ACCESS_KEY": ACCESS_KEY, "S3_SECRET_KEY": SECRET_KEY, **more}

    def objects(self, prefix=""):
        """The sizes of all objects, by their keys."""
        found, after = {}, None
        while True:
            query = {"list-type": "2", "prefix": prefix, **({"continuation-token": after} if after else {})}
            status, body = self.store.request("GET", f"/{self.name}", query)
            assert status == 200, body
            root = xml.etree.ElementTree.fromstring(body)
            space = root.tag.partition("}")[0] + "}" if "}" in root.tag else ""
            for entry in root.findall(f"{space}Contents"):
                found[entry.find(f"{space}Key").text] = int(entry.find(f"{space}Size").text)
            after = root.findtext(f"{space}NextContinuationToken")
            if root.findtext(f"{space}IsTruncated") != "true":
                return found

    def uploads_in_parts(self):
        """The keys of those that were begun and not ended."""
        status, body = self.store.request("GET", f"/{self.name}", {"uploads": ""})
        assert status == 200, body
        root = xml.etree.ElementTree.fromstring(body)
        return [entry.text for entry in root.iter() if entry.tag.rpartition("}")[2] == "Key"]

    def get(self, key):
        status, body = self.store.request("GET", f"/{self.name}/{key}")
        assert status == 200, (key, body)
        return body

    def put(self, key, body):
        assert self.store.request("PUT", f"/{self.name}/{key}", body=body)[0] == 200

    def delete(self, key):
        assert self.store.request("DELETE", f"/{self.name}/{key}")[0] in (200, 204)


class FaultProxy:
    """Passes requests on to the store, unless `fault` says otherwise.

    `fault(method, path)` returns None, or one of: `500` and other status codes, also with a body; `"cut"`: the connection ends
    in the middle of the answer; `"shorten"`: half of the answer comes as if it were all; `"refuse"`: it ends before the store hears of the request; `"lose"`: the store does what it was asked, and nobody
    hears of it; an `Event`: the answer comes when it is set; `"then"` and a function: it comes when that has been called; `"early"` and a status code: that answer
    comes after a MiB of the request, of which no more is read, and the connection stays open; `"early"` and None: it is reset then; a dictionary: the answer with these `headers`, and after so many bytes of it (`after`) the connection ends, or stands still until the event `until`."""

    def __init__(self, store):
        self.store = store
        self.fault = lambda method, path: None
        self.seen = []
        """The requests, each as method and path."""
        self.headers = []
        """Their header fields."""
        self.given_up = []
        """The paths of those whose answers nobody took to their ends."""
        self.changed = threading.Condition()
        self.closing = threading.Event()
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                with contextlib.suppress(ConnectionError):
                    super().handle_one_request()

            def _any(self):
                proxy._pass_on(self)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _any

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def wait_for(self, matching, timeout=PATIENCE):
        """Waits until such a request came."""
        with self.changed:
            assert self.changed.wait_for(lambda: any(matching(*one) for one in self.seen), timeout), self.seen[-20:]

    def wait_for_given_up(self, count, timeout=PATIENCE):
        """Waits until as many answers were given up."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.given_up) >= count, timeout), self.given_up

    def of(self, key, method="GET"):
        """The header fields of such requests for an object."""
        with self.changed:
            return [headers for (one, path), headers in zip(self.seen, self.headers) if one == method and key in path]

    def _pass_on(self, handler):
        fault = self.fault(handler.command, handler.path)
        if isinstance(fault, tuple) and fault[0] == "early":
            return self._answer_early(handler, fault[1])
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)) if fault != "refuse" else b""
        with self.changed:
            self.seen.append((handler.command, handler.path))
            self.headers.append(handler.headers)
            self.changed.notify_all()
        if fault == "refuse":
            return self._cut(handler)
        if isinstance(fault, int):
            fault = (fault, "")
        after, changed = None, {}
        if isinstance(fault, dict):
            changed = fault
        if isinstance(fault, tuple) and fault[0] == "then":
            fault, after = None, fault[1]
        if isinstance(fault, tuple):
            handler.send_response(fault[0])
            handler.send_header("Content-Length", str(len(fault[1]) if handler.command != "HEAD" else 0))
            handler.end_headers()
            return handler.wfile.write(fault[1].encode() if handler.command != "HEAD" else b"")
        connection = http.client.HTTPConnection("127.0.0.1", self.store.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            # With the host that was signed, which is the proxy's.
            connection.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
        if fault == "lose":
            return self._cut(handler)
        if after:
            after()
        if isinstance(fault, threading.Event):
            fault.wait(PATIENCE)
        if fault == "shorten":
            content = content[:len(content) // 2]
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                handler.send_header(name, changed.get("headers", {}).get(name.lower(), value))
        length = answer.getheader("Content-Length") if handler.command == "HEAD" else str(len(content))
        handler.send_header("Content-Length", length or "0")
        handler.end_headers()
        if handler.command != "HEAD":
            shown = len(content) // 2 if fault == "cut" else min(changed.get("after", len(content)), len(content))
            try:
                handler.wfile.write(content[:shown])
                if "until" in changed:
                    changed["until"].wait(PATIENCE)
                    handler.wfile.write(content[shown:])
            except ConnectionError:
                with self.changed:
                    self.given_up.append(handler.path)
                    self.changed.notify_all()
                raise
        if fault == "cut" or "after" in changed and "until" not in changed:
            self._cut(handler)

    def _answer_early(self, handler, status):
        handler.rfile.read(1 << 20)
        with self.changed:
            self.seen.append((handler.command, handler.path))
            self.headers.append(handler.headers)
            self.changed.notify_all()
        handler.close_connection = True
        if status:
            handler.send_response(status)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            self.closing.wait(PATIENCE)
        # What was not read makes a reset of it.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    @staticmethod
    def _cut(handler):
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.wfile.flush()
            handler.connection.shutdown(socket.SHUT_RDWR)
