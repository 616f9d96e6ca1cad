"""Downloads that stream through from the store: what breaks, what stands still, and who leaves."""

import contextlib
import socket
import threading
import urllib.parse

import pytest
import requests

from parley import PATIENCE, free_port, until
from test_object_faults import metric
from test_object_files import key_of
from uploading import noise

SIZE = 6_000_000


@pytest.fixture
def served(start_server, bucket, proxy):
    """A server whose requests to the store pass a proxy."""
    port = free_port()
    server = start_server(**bucket.settings(proxy.url, METRICS_PORT=str(port)))
    server.metrics_port = port
    return server


@pytest.fixture
def file(served):
    """A file, its content, and its key."""
    content = noise(SIZE)
    upload = served.person().upload(content)
    return upload, content, key_of(served, upload)


def only_first(key, fault, then=None):
    """A fault of the first time that somebody gets an object, and one of the second."""
    faults = [fault, then]
    lock = threading.Lock()

    def choose(method, path):
        with lock:
            return faults.pop(0) if faults and method == "GET" and key in path else None

    return choose


def test_a_download_is_one_request(served, proxy, file):
    upload, content, key = file
    assert served.request("GET", upload["url"]).content == content
    [headers] = proxy.of(key)
    assert headers["Range"] == f"bytes=0-{SIZE - 1}" and "If-Match" not in headers
    part = served.request("GET", upload["url"], headers={"Range": "bytes=1000000-4999999"})
    assert part.content == content[1_000_000:5_000_000]
    assert [headers["Range"] for headers in proxy.of(key)[1:]] == ["bytes=1000000-4999999"]


@pytest.mark.parametrize("then", [None, 500, "refuse"])
def test_a_download_that_is_cut_goes_on_where_it_was(served, proxy, file, then):
    upload, content, key = file
    proxy.fault = only_first(key, {"after": 2_000_000}, then)
    assert served.request("GET", upload["url"]).content == content
    first, *others = proxy.of(key)
    for again in others:
        begin, end = again["Range"].removeprefix("bytes=").split("-")
        assert 0 < int(begin) <= 2_000_000 and int(end) == SIZE - 1
        assert again["If-Match"], "of another version, no byte may come"
    assert len(others) == (1 if then is None else 2) and metric(served, "parley_object_store_up") == 1


def test_a_store_that_always_cuts_is_given_up(served, proxy, file):
    upload, content, key = file
    proxy.fault = lambda method, path: {"after": 10_000} if method == "GET" and key in path else None
    with pytest.raises(requests.RequestException):
        served.request("GET", upload["url"])
    assert 2 <= len(proxy.of(key)) <= 5, "bounded"
    proxy.fault = lambda method, path: None
    assert served.request("GET", upload["url"]).content == content


def test_a_store_that_stands_still_is_asked_again(served, proxy, file):
    upload, content, key = file
    never = threading.Event()
    proxy.fault = only_first(key, {"after": 1_000_000, "until": never})
    assert served.request("GET", upload["url"]).content == content
    assert len(proxy.of(key)) == 2
    never.set()


@pytest.mark.parametrize("ignores", [True, False])
def test_bytes_of_two_versions_are_never_mixed(served, bucket, proxy, file, ignores):
    """Keys are written once, but a bucket is not only ours to write."""
    upload, content, key = file

    def change(method, path):
        if method != "GET" or key not in path:
            return None
        if len(proxy.of(key)) == 0:
            return {"after": 1_000_000}
        if not ignores:
            bucket.put(key, noise(SIZE))
        return {"headers": {"etag": '"another"'}} if ignores else None

    proxy.fault = change
    received = b""
    with pytest.raises(requests.RequestException), served.request("GET", upload["url"], stream=True) as answer:
        assert answer.status_code == 200
        for chunk in answer.iter_content(10_000):
            received += chunk
    assert 0 < len(received) < SIZE and content.startswith(received)
    assert len(proxy.of(key)) == 2, "it is no use to ask again"


def slow_download(server, url, stack):
    """A client that asks, and reads nothing yet. It has a small buffer, so that the server soon has to wait for it."""
    client = stack.enter_context(contextlib.closing(socket.socket()))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    client.connect(("127.0.0.1", urllib.parse.urlsplit(server.url).port))
    client.sendall(f"GET {url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    return client


def content_of(client):
    received = bytearray()
    client.settimeout(PATIENCE)
    while chunk := client.recv(1 << 20):
        received += chunk
    return bytes(received).partition(b"\r\n\r\n")[2]


def test_readers_who_stand_still_hold_no_connection(served, bucket, proxy):
    alice = served.person()
    content = noise(30_000_000)
    upload = alice.upload(content)
    key = key_of(served, upload)
    with contextlib.ExitStack() as stack:
        clients = [slow_download(served, upload["url"], stack) for _ in range(80)]
        until(lambda: len(proxy.of(key)) >= len(clients), "all to be asked for")
        # More than all connections would be taken if each held one.
        other = alice.upload(noise(2_000_000))
        assert alice.request("DELETE", f"/upload/{other['id']}").status_code == 204
        until(lambda: set(bucket.objects()) == {key}, "the object to go")
        assert metric(served, "parley_object_store_up") == 1
        proxy.wait_for_given_up(32)
        assert all(content_of(client) == content for client in clients[:2] + clients[-2:]), "and each goes on when it reads"


def test_a_client_that_leaves_ends_the_request(served, proxy):
    content = noise(30_000_000)
    upload = served.person().upload(content)
    with contextlib.ExitStack() as stack:
        client = slow_download(served, upload["url"], stack)
        assert client.recv(1000)
    proxy.wait_for_given_up(1)
    assert len(proxy.of(key_of(served, upload))) == 1
