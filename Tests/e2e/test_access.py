"""What other people's pages and requests cannot reach (claims 22 and 23)."""

import pytest
import requests
import websocket

from accounts import log_in, refresh
from parley import PASSWORD, assert_problem, until

# --- Pages: cookie and origins

def test_the_cookie_is_for_this_servers_own_pages(server, people):
    [alice] = people("alice")
    page = {"X-Parley-Cookie": "1", "Origin": server.url}
    browser = requests.Session()
    answer = browser.post(
        server.url + "/auth/login", json={"username": alice.username, "password": PASSWORD}, headers=page)
    assert answer.status_code == 200 and "refreshToken" not in answer.json()
    cookie = answer.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/auth")) and "Secure" not in cookie
    assert browser.post(server.url + "/auth/refresh", headers=page).status_code == 200
    for headers in ({"X-Parley-Cookie": "1"}, {**page, "Origin": "http://127.0.0.1:1"}):
        assert_problem(browser.post(server.url + "/auth/refresh", headers=headers), 403, "forbidden")
    assert browser.post(server.url + "/auth/refresh", json={}).status_code == 401, "without the header no cookie counts"
    token = browser.post(server.url + "/auth/refresh", headers=page).json()["accessToken"]
    out = browser.post(server.url + "/auth/logout", headers={**page, "Authorization": f"Bearer {token}"})
    assert out.status_code == 204 and f"parley_refresh_{server.port}" not in browser.cookies


def test_foreign_pages_are_refused_unless_configured(start_server):
    friend, stranger = "https://friend.example", "https://stranger.example"
    server = start_server(CORS_ORIGINS=friend)
    alice = server.person("alice")
    assert_problem(alice.get("/auth/me", headers={"Origin": stranger}), 403, "forbidden")
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    assert_problem(server.request("OPTIONS", "/messages", headers={"Origin": stranger, **preflight}), 403, "forbidden")
    allowed = server.request("OPTIONS", "/messages", headers={"Origin": friend, **preflight})
    assert allowed.status_code == 204 and allowed.headers["Access-Control-Allow-Origin"] == friend
    assert "authorization" in allowed.headers["Access-Control-Allow-Headers"]
    for answer in (alice.get("/auth/me", headers={"Origin": friend}), alice.get("/users/x", headers={"Origin": friend})):
        assert answer.headers["Access-Control-Allow-Origin"] == friend and answer.headers["Vary"] == "Origin"
    assert alice.get("/auth/me", headers={"Origin": server.url}).status_code == 200
    # A cache may keep a file for hours, and must not give one page's answer to a page of another origin.
    upload = alice.upload(b"a file")
    for headers in ({}, {"Origin": server.url}, {"Origin": friend}):
        answer = server.request("GET", upload["url"], headers=headers)
        assert answer.headers["Vary"] == "Origin" and answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        exposed = answer.headers.get("Access-Control-Expose-Headers", "")
        assert ("content-disposition" in exposed) == (headers.get("Origin") == friend)
    assert server.request("GET", "/", headers={"Accept-Encoding": "gzip"}).headers["Vary"] == "Accept-Encoding, Origin"
    address = server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    for origin in (friend, server.url):
        websocket.create_connection(address, origin=origin).close()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(address, origin=stranger)
    assert refused.value.status_code == 403


# --- Somebody else's

def test_somebody_elses_ids_show_nothing(server, people):
    alice, bob, eve = people("alice", "bob", "eve")
    conversation = alice.direct(bob)
    message = alice.send(conversation, "between us")["id"]
    upload = alice.upload(b"a secret file")["id"]
    other = eve.direct(bob)
    requests_of_eve = [
        ("GET", f"/conversations/{conversation}", None), ("PATCH", f"/conversations/{conversation}", {"title": "mine"}),
        ("POST", f"/conversations/{conversation}/join", None), ("POST", f"/conversations/{conversation}/leave", None),
        ("GET", f"/conversations/{conversation}/members", None),
        ("POST", f"/conversations/{conversation}/members", {"userIds": [eve.id]}),
        ("PATCH", f"/conversations/{conversation}/members/{bob.id}", {"role": "admin"}),
        ("DELETE", f"/conversations/{conversation}/members/{bob.id}", None),
        ("GET", f"/messages?conversationId={conversation}", None),
        ("GET", f"/messages?conversationId={conversation}&sinceRevision=0", None),
        ("GET", f"/messages/{message}", None), ("PATCH", f"/messages/{message}", {"text": "x"}),
        ("DELETE", f"/messages/{message}", None), ("PUT", f"/messages/{message}/reactions/%F0%9F%91%8D", None),
        ("POST", f"/messages/{message}/report", {"reason": "because"}),
        ("GET", f"/upload/{upload}", None), ("GET", f"/upload/{upload}/file", None), ("DELETE", f"/upload/{upload}", None),
        ("GET", f"/messages/search?q=us&conversationId={conversation}", None),
    ]
    for method, path, body in requests_of_eve:
        answer = eve.request(method, path, **({"json": body} if body is not None else {}))
        if "search" in path and answer.status_code == 200:
            assert answer.json()["messages"] == []
            continue
        assert answer.status_code in (403, 404), (method, path, answer.status_code, answer.text)
        assert "between us" not in answer.text and "secret" not in answer.text
    with eve.connect() as device:
        for event, payload in [
            ("message:send", {"conversationId": conversation, "text": "x"}),
            ("message:send", {"conversationId": other, "text": "x", "replyTo": message}),
            ("message:send", {"conversationId": other, "text": "x", "attachments": [upload]}),
            ("message:edit", {"messageId": message, "text": "x"}), ("message:delete", {"messageId": message}),
            ("message:react", {"messageId": message, "emoji": "👍", "add": True}),
            ("message:read", {"conversationId": conversation, "seq": 1}),
            ("message:delivered", {"conversationId": conversation, "seq": 1}),
            ("typing", {"conversationId": conversation, "active": True}),
            ("conversation:join", {"conversationId": conversation}),
            ("conversation:leave", {"conversationId": conversation}),
        ]:
            refused = device.emit(event, payload)
            assert refused["ok"] is False, event
            assert refused["error"]["code"] in ("not_found", "forbidden", "not_a_member", "validation_failed"), refused
        assert conversation not in str(device.emit("sync", {"known": {conversation: 0}})["conversations"])
    assert bob.get(f"/messages/{message}").json()["message"]["text"] == "between us"


def test_a_removed_file_is_gone_for_those_who_saw_it(server, people):
    alice, bob, eve = people("alice", "bob", "eve")
    upload = alice.upload(b"to be removed by a moderator")
    alice.send(alice.direct(bob), attachments=[upload["id"]])
    path = f"/upload/{upload['id']}"
    server.sql("UPDATE uploads SET removed_at = now() WHERE id = %s", upload["id"])
    until(lambda: not server.sql("SELECT 1 FROM blobs WHERE sha256 = %s", upload["sha256"]), "its content to go")
    for person in (alice, bob):
        assert_problem(person.get(f"{path}/file"), 410, "gone")
    assert_problem(server.request("GET", upload["url"]), 410, "gone")
    for method, where in (("GET", path), ("GET", f"{path}/file"), ("DELETE", path)):
        assert_problem(eve.request(method, where), 404, "not_found")
    assert eve.request("HEAD", path, headers={"Tus-Resumable": "1.0.0"}).status_code == 404


# --- Secrets

def test_no_secret_is_ever_logged(start_server):
    secret = "a-jwt-secret-that-must-not-be-logged-0123"
    server = start_server(LOG_LEVEL="trace", JWT_SECRET=secret)
    alice = server.person("alice", password="a password never to be logged")
    upload = alice.upload(b"\x89PNG\r\n\x1a\n not a picture", "x.png")
    server.request("GET", upload["url"])
    server.request("GET", upload["url"].replace("token=", "token=x"))
    log_in(server, alice.username, "a wrong password, also secret")
    refreshed = refresh(server, alice.session["refreshToken"]).json()
    with alice.connect(), alice.connect(transports=("polling",)):
        pass
    alice.request("GET", f"/auth/me?token={alice.token}")
    server.request("POST", "/auth/register", data=b'{"username":"broken","password":"half a secret')
    server.stop()
    log = server.log_file.read_text()
    assert "parley" in log
    link_token = upload["url"].split("token=")[1]
    for text in (secret, "never to be logged", "also secret", "half a secret", alice.token, link_token,
                 alice.session["refreshToken"], refreshed["refreshToken"], refreshed["accessToken"]):
        assert text not in log, text
