"""tus-js-client 4 and Uppy's Tus plugin, which no package here brings: their requests, in the order and with the header
fields of their sources (`lib/upload.ts`, `packages/@uppy/tus/src/index.ts`), from a page of another origin as browsers
send them."""

import base64
import concurrent.futures
import hashlib
import socket
import uuid
from urllib.parse import urljoin

import pytest
import requests

from parley import PATIENCE, Server, until
from uploading import noise

PAGE = "https://chat.example"
# What a page may send without a preflight, and read without `Access-Control-Expose-Headers` (Fetch, sections 2.2.2 and 2.2.6).
SAFE_REQUEST = {"accept", "accept-language", "content-language"}
SAFE_RESPONSE = {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"}


@pytest.fixture(scope="module")
def server(postgres, tmp_path_factory):
    with Server(postgres.clone(), tmp_path_factory.mktemp("storage"), {"CORS_ORIGINS": PAGE}) as server:
        yield server


@pytest.fixture(scope="module")
def alice(server):
    return server.person("alice")


class Answer:
    """An answer as the page's script sees it."""

    def __init__(self, answer):
        exposed = {name.strip().lower() for name in answer.headers.get("Access-Control-Expose-Headers", "").split(",")}
        self.status = answer.status_code
        self.headers = {
            name.lower(): value for name, value in answer.headers.items() if name.lower() in exposed | SAFE_RESPONSE}
        self.raw = answer


class Browser:
    """The XMLHttpRequest of a page: sends preflights, and hides fields that are not exposed."""

    def __init__(self):
        self.requests = []

    def send(self, method, url, headers, body=None):
        unsafe = sorted(name.lower() for name in headers if name.lower() not in SAFE_REQUEST)
        asked = requests.options(url, timeout=PATIENCE, headers={
            "Origin": PAGE, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": ",".join(unsafe)})
        assert asked.status_code in (200, 204), asked.text
        assert asked.headers["Access-Control-Allow-Origin"] == PAGE
        methods = {name.strip() for name in asked.headers["Access-Control-Allow-Methods"].split(",")}
        assert method in methods | {"GET", "HEAD", "POST"}, method
        allowed = {name.strip().lower() for name in asked.headers["Access-Control-Allow-Headers"].split(",")}
        assert set(unsafe) <= allowed, set(unsafe) - allowed
        self.requests.append(method)
        answer = requests.request(method, url, headers={"Origin": PAGE, **headers}, data=body, timeout=PATIENCE)
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE, "an answer that the page may not read"
        return Answer(answer)


def encoded(metadata):
    """`encodeMetadata`: an empty value keeps the space after its key."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())


class TusUpload:
    """`BaseUpload`, as far as it makes requests."""

    def __init__(self, person, content, metadata=None, chunk_size=None, during_creation=False, override=False, url=None,
                 request_id=False, more=None):
        self.endpoint = person.server.url + "/upload"
        self.content, self.metadata = content, metadata or {}
        self.chunk_size = chunk_size or len(content) or 1
        self.during_creation, self.override, self.request_id = during_creation, override, request_id
        self.more = {"Authorization": f"Bearer {person.token}", **(more or {})}
        self.url, self.offset = url, None
        self.browser = Browser()

    def open(self):
        """`openRequest`"""
        return {"Tus-Resumable": "1.0.0", **self.more, **({"X-Request-ID": str(uuid.uuid4())} if self.request_id else {})}

    def create(self):
        """`_createUpload`"""
        headers = {**self.open(), "Upload-Length": str(len(self.content))}
        if self.metadata:
            headers["Upload-Metadata"] = encoded(self.metadata)
        body = None
        if self.during_creation:
            self.offset = 0
            headers["Content-Type"] = "application/offset+octet-stream"
            body = self.content[:self.chunk_size]
        answer = self.browser.send("POST", self.endpoint, headers, body)
        if answer.status // 100 == 2:
            self.url = urljoin(self.endpoint, answer.headers["location"])
            self.offset = int(answer.headers["upload-offset"]) if self.during_creation and self.content else 0
        return answer

    def resume(self):
        """`_resumeUpload`: HEAD, and a new upload if that is refused."""
        answer = self.browser.send("HEAD", self.url, self.open())
        if answer.status // 100 != 2:
            self.url = None
            return self.create()
        assert int(answer.headers["upload-length"]) == len(self.content)
        self.offset = int(answer.headers["upload-offset"])
        return answer

    def patch(self):
        """One turn of `_performUpload`."""
        headers = {**self.open(), "Upload-Offset": str(self.offset), "Content-Type": "application/offset+octet-stream"}
        method = "PATCH"
        if self.override:
            method, headers["X-HTTP-Method-Override"] = "POST", "PATCH"
        answer = self.browser.send(method, self.url, headers, self.content[self.offset:self.offset + self.chunk_size])
        if answer.status // 100 == 2:
            self.offset = int(answer.headers["upload-offset"])
        return answer

    def run(self):
        answer = self.resume() if self.url else self.create()
        assert answer.status // 100 == 2, answer.raw.text
        while self.content and self.offset < len(self.content):
            answer = self.patch()
            assert answer.status // 100 == 2, answer.raw.text
        return self

    def terminate(self):
        """`terminate`, which wants exactly 204."""
        return self.browser.send("DELETE", self.url, self.open()).status


def upload_of(person, tus):
    answer = person.get("/upload/" + tus.url.rsplit("/", 1)[1])
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_tus_js_client_as_it_is_used_plainly(alice):
    content = noise(50_000)
    tus = TusUpload(alice, content, {"filename": "Übung.bin", "filetype": "application/x-something"}).run()
    assert tus.browser.requests == ["POST", "PATCH"]
    upload = upload_of(alice, tus)
    assert upload["name"] == "Übung.bin" and upload["sha256"] == hashlib.sha256(content).hexdigest()
    assert upload["type"] == "application/octet-stream", "what the bytes are"


@pytest.mark.parametrize("options, expected", [
    ({"chunk_size": 20_000}, ["POST", "PATCH", "PATCH", "PATCH"]),
    ({"chunk_size": 20_000, "during_creation": True}, ["POST", "PATCH", "PATCH"]),
    ({"during_creation": True}, ["POST"]),
    ({"chunk_size": 30_000, "override": True}, ["POST", "POST", "POST"]),
    ({"request_id": True}, ["POST", "PATCH"]),
], ids=["chunks", "data during creation", "all of it during creation", "PATCH overridden", "request ids"])
def test_the_options_of_tus_js_client(alice, options, expected):
    content = noise(50_000)
    tus = TusUpload(alice, content, {"filename": "x"}, **options).run()
    assert tus.browser.requests == expected
    assert upload_of(alice, tus)["sha256"] == hashlib.sha256(content).hexdigest()


def test_an_empty_file_by_tus_js_client(alice):
    for during in (False, True):
        tus = TusUpload(alice, b"", {"filename": "empty"}, during_creation=during).run()
        assert tus.browser.requests == ["POST"] and upload_of(alice, tus)["size"] == 0


def test_what_uppy_says_of_a_file(alice):
    """Every field of `file.meta` as text, and `type` and `name` under tusd's names as well."""
    meta = {"relativePath": "null", "name": "holiday.jpg", "type": "", "filetype": "", "filename": "holiday.jpg"}
    tus = TusUpload(alice, b"x" * 1000, meta, chunk_size=600)
    assert tus.create().status == 201
    answer = tus.resume()
    assert answer.headers["upload-metadata"] == encoded(meta).strip(), "a HEAD repeats what was said"
    tus.run()
    assert upload_of(alice, tus)["name"] == "holiday.jpg"


def test_pausing_and_resuming_as_uppy_does(alice):
    """A pause aborts the request. Resuming is a HEAD and a PATCH, which may meet the previous request."""
    content = noise(3_000_000)
    tus = TusUpload(alice, content, {"filename": "x"})
    tus.create()
    host = f"127.0.0.1:{alice.server.port}"
    with socket.create_connection(("127.0.0.1", alice.server.port)) as aborted:
        head = "".join(f"{name}: {value}\r\n" for name, value in tus.open().items())
        aborted.sendall(
            f"PATCH {tus.url.split(host)[1]} HTTP/1.1\r\nHost: {host}\r\nOrigin: {PAGE}\r\n{head}Upload-Offset: 0\r\n"
            f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(content)}\r\n\r\n".encode()
            + content[:1_000_000])
        until(lambda: tus.resume().headers["upload-offset"] != "0", "bytes to arrive")

    def go_on():
        tus.resume()
        answer = tus.patch()
        # The only refusal that both clients retry.
        assert answer.status in (204, 409), answer.raw.text
        return answer.status == 204

    until(go_on, "the upload to go on")
    assert tus.offset == len(content)
    assert upload_of(alice, tus)["sha256"] == hashlib.sha256(content).hexdigest()
    again = TusUpload(alice, content, url=tus.url).run()
    assert again.browser.requests == ["HEAD"], "a finished upload is found finished"


@pytest.mark.parametrize("what", ["expired", "removed", "somebody else's"])
def test_an_upload_that_cannot_be_resumed_begins_anew(server, alice, what):
    content = noise(1000)
    tus = TusUpload(alice, content, {"filename": "x"}, chunk_size=400)
    tus.create()
    tus.patch()
    if what == "expired":
        server.sql("UPDATE partial_uploads SET expires_at = now() WHERE id = %s", tus.url.rsplit("/", 1)[1])
    elif what == "removed":
        assert tus.terminate() == 204
    person = server.person("eve") if what == "somebody else's" else alice
    again = TusUpload(person, content, {"filename": "x"}, url=tus.url).run()
    assert again.browser.requests == ["HEAD", "POST", "PATCH"] and again.url != tus.url
    assert upload_of(person, again)["sha256"] == hashlib.sha256(content).hexdigest()


def test_cancelling_terminates(server, alice):
    tus = TusUpload(alice, noise(1000), chunk_size=400)
    tus.create()
    tus.patch()
    assert tus.terminate() == 204
    assert tus.browser.send("HEAD", tus.url, tus.open()).status == 404
    assert not (server.storage / "uploads" / "tmp" / tus.url.rsplit("/", 1)[1]).exists()
    assert tus.terminate() == 404


def test_parallel_uploads_by_tus_js_client(alice):
    """`_startParallelUpload`: parts are uploaded side by side without metadata, then one request names them all."""
    content = noise(3_000_001)
    third = len(content) // 3
    pieces = [content[:third], content[third:2 * third], content[2 * third:]]

    def part(piece):
        return TusUpload(alice, piece, chunk_size=400_000, more={"Upload-Concat": "partial"}).run().url

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        urls = list(pool.map(part, pieces))
    whole = TusUpload(alice, b"", {"filename": "parallel.bin"})
    headers = {**whole.open(), "Upload-Concat": f"final;{' '.join(urls)}", "Upload-Metadata": encoded(whole.metadata)}
    answer = whole.browser.send("POST", whole.endpoint, headers)
    assert answer.status == 201, answer.raw.text
    whole.url = urljoin(whole.endpoint, answer.headers["location"])
    upload = upload_of(alice, whole)
    assert upload["sha256"] == hashlib.sha256(content).hexdigest() and upload["name"] == "parallel.bin"
    # A lost answer: the client sends the request again, and gets the same upload.
    again = whole.browser.send("POST", whole.endpoint, headers)
    assert again.status == 201 and again.headers["location"] == answer.headers["location"]
    status = whole.browser.send("HEAD", whole.url, whole.open())
    assert status.headers["upload-concat"] == headers["Upload-Concat"]
    assert status.headers["upload-offset"] == status.headers["upload-length"] == str(len(content))


def test_a_parallel_upload_goes_on_where_its_parts_are(alice):
    """tus-js-client stores the parts' URLs, and resumes each by HEAD."""
    part = TusUpload(alice, noise(1000), chunk_size=400, more={"Upload-Concat": "partial"})
    part.create()
    part.patch()
    again = TusUpload(alice, part.content, url=part.url).run()
    assert again.browser.requests == ["HEAD", "PATCH"]
    assert again.resume().headers["upload-concat"] == "partial"


def test_a_deferred_length_by_tus_js_client(alice):
    """`uploadLengthDeferred`, for streams: the length comes with the last PATCH."""
    content = noise(50_000)
    tus = TusUpload(alice, content, {"filename": "stream"})
    answer = tus.browser.send("POST", tus.endpoint, {**tus.open(), "Upload-Defer-Length": "1"})
    assert answer.status == 201, answer.raw.text
    tus.url = urljoin(tus.endpoint, answer.headers["location"])
    for start, end in ((0, 20_000), (20_000, 40_000), (40_000, 50_000)):
        status = tus.browser.send("HEAD", tus.url, tus.open())
        assert status.headers["upload-defer-length"] == "1" and "upload-length" not in status.headers
        assert status.headers["upload-offset"] == str(start)
        last = {"Upload-Length": str(len(content))} if end == len(content) else {}
        answer = tus.browser.send(
            "PATCH", tus.url,
            {**tus.open(), **last, "Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"},
            content[start:end])
        assert answer.status == 204 and answer.headers["upload-offset"] == str(end), answer.raw.text
    assert upload_of(alice, tus)["sha256"] == hashlib.sha256(content).hexdigest()


def test_what_a_page_can_learn_of_the_server(server):
    answer = Answer(requests.options(server.url + "/upload", headers={"Origin": PAGE}, timeout=PATIENCE))
    assert answer.headers["tus-version"] == "1.0.0" and "termination" in answer.headers["tus-extension"]
    assert answer.headers["tus-max-size"] == "104857600" and answer.headers["tus-checksum-algorithm"]
