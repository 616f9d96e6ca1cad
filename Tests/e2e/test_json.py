"""What bodies of JSON the server takes, and how it reads them."""

import subprocess

import pytest
import requests

import json_documents
from parley import PATIENCE, assert_problem, until
from test_hardening import Raw, is_problem
from test_wire import head


@pytest.fixture(scope="module")
def alice(server):
    return server.person("alice")


@pytest.mark.parametrize("fields, is_read", [
    ({}, True), ({"Content-Type": "application/json"}, True), ({"Content-Type": "Application/JSON; charset=utf-8"}, True),
    ({"Content-Type": "application/x-www-form-urlencoded"}, True), ({"Content-Type": "text/json"}, True),
    ({"Content-Type": "application/merge-patch+json"}, True), ({"Content-Type": ""}, True),
    ({"Content-Encoding": "identity"}, True),
    ({"Content-Type": "application/xml"}, False), ({"Content-Type": "text/xml; charset=utf-8"}, False),
    ({"Content-Type": "text/plain"}, False), ({"Content-Type": "multipart/form-data; boundary=x"}, False),
    ({"Content-Type": "application/jsonp"}, False), ({"Content-Type": "application/json, text/xml"}, False),
    ({"Content-Type": "text/x+json"}, False), ({"Content-Type": "nonsense"}, False),
    ({"Content-Encoding": "gzip"}, False), ({"Content-Encoding": "identity, br"}, False),
])
@pytest.mark.parametrize("route", [("PATCH", "/auth/me"), ("POST", "/messages")])
def test_a_body_that_says_it_is_something_else_than_json_is_415(alice, fields, is_read, route):
    answer = alice.request(*route, headers=fields, data=b'{"about":"hello"}')
    if is_read:
        assert answer.status_code in (200, 422), answer.text
    else:
        assert_problem(answer, 415, "unsupported_media_type")


def test_curl_needs_no_header(server):
    done = subprocess.run(
        ["curl", "-s", "-w", "%{http_code}", "-d", '{"username":"curly","password":"correct horse battery"}', server.url + "/auth/register"],
        capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout.endswith("201"), done


@pytest.mark.parametrize("framing", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_a_body_of_another_kind_is_not_read(server, alice, framing):
    with Raw(server) as raw:
        answer = raw.write(head(
            "POST /messages HTTP/1.1", "Host: a", f"Authorization: Bearer {alice.token}", "Content-Type: application/xml", framing)
            + b"10000\r\n<x/>").answer()
        assert is_problem(answer, 415, "unsupported_media_type") and answer[1]["connection"] == "close" and raw.is_closed()


def change(session, alice, document):
    return session.patch(
        alice.server.url + "/auth/me", data=document, timeout=PATIENCE,
        headers={"Authorization": f"Bearer {alice.token}", "Content-Type": "application/json"})


NO_JSON = "the body is no JSON in UTF-8, or nested too deeply"


def test_what_is_no_json_is_refused_whole(alice):
    with requests.Session() as session:
        for name, document in {**json_documents.REFUSED, **json_documents.ALSO_REFUSED}.items():
            for body in (document, b'{"about":"changed","unread":' + document + b"}", b'{"unread":' + document + b',"about":"changed"}'):
                answer = change(session, alice, body)
                problem = assert_problem(answer, 400, "malformed_request")
                assert problem["detail"] == NO_JSON, (name, body[:80])
    assert alice.get("/auth/me").json().get("about") != "changed"


def test_all_json_is_accepted(alice):
    with requests.Session() as session:
        for number, (name, document) in enumerate({**json_documents.ACCEPTED, **json_documents.ALSO_ACCEPTED}.items()):
            answer = change(session, alice, b'{"about":"%d","unread":%s}' % (number, document))
            assert answer.status_code == 200 and answer.json()["about"] == str(number), (name, answer.text)
            # Alone it is no object for the route, or one without the route's fields.
            assert NO_JSON not in change(session, alice, document).text, name
    assert change(requests, alice, b'{"about":""}').status_code == 200


@pytest.mark.parametrize("value, status", [
    (b'"\\ud83d"', 400), (b'"a\\u0000b"', 422), (b"1e400", 422), (b"[]", 422), (b'"' + b"x" * 300_000 + b'"', 413)])
def test_a_value_that_is_read_and_no_text_is_refused(alice, value, status):
    answer = change(requests, alice, b'{"about":' + value + b"}")
    assert answer.status_code in (status, 422), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_same_name_twice_is_read_the_same_way_by_both(server, alice):
    conversation = alice.direct(server.person("bob"))
    twice = '{"conversationId":"%s","text":"first","text":"second"}' % conversation
    alice.post("/messages", data=twice.encode())
    with alice.connect() as device:
        device.client.eio.send(f'2["message:send",{twice}]')
        def read():
            return [m["text"] for m in alice.get(f"/messages?conversationId={conversation}").json()["messages"]]
        until(lambda: len(read()) == 2, "the socket's message")
    assert len(set(read())) == 1


def test_a_malformed_id_in_sync_is_an_unknown_one(server, alice):
    conversation = alice.direct(server.person("bob"))
    revision = alice.get(f"/conversations/{conversation}").json()["revision"]
    with alice.connect() as device:
        unknown = "0196f000-0000-7000-8000-000000000000"
        answer = device.emit("sync", {"known": {conversation: revision, "nonsense": 3, "": 1, unknown: 4}})
        assert answer["ok"] and conversation not in [c["id"] for c in answer["conversations"]]
        assert sorted(answer["removed"]) == ["", unknown, "nonsense"]
