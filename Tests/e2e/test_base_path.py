"""A server below a path, and two servers on one host: what a proxy and a browser see of them."""

import base64
from urllib.parse import urlsplit

import pytest
import requests
import socketio
import websocket

from parley import PASSWORD, PATIENCE, assert_problem

PAGE = {"X-Parley-Cookie": "1"}


@pytest.fixture
def below(start_server):
    return start_server(BASE_PATH="/chat")


def register(server, session, name, path=""):
    headers = {**PAGE, "Origin": f"http://127.0.0.1:{server.port}"}
    url = f"http://127.0.0.1:{server.port}{path}/auth/register"
    answer = session.post(url, json={"username": name, "password": PASSWORD}, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 201, answer.text
    return answer


def refresh(server, session, path=""):
    headers = {**PAGE, "Origin": f"http://127.0.0.1:{server.port}"}
    return session.post(f"http://127.0.0.1:{server.port}{path}/auth/refresh", headers=headers, timeout=PATIENCE)


def test_everything_is_below_the_path_and_nothing_beside_it(below):
    root = f"http://127.0.0.1:{below.port}"
    session = requests.Session()
    made = register(below, session, "alice", "/chat")
    assert all(cookie.path == "/chat/auth" for cookie in session.cookies) and len(session.cookies) == 2
    assert refresh(below, session, "/chat").status_code == 200
    session.headers["Authorization"] = f"Bearer {made.json()['accessToken']}"

    for path in ("/auth/me", "/users?query=a", "/openapi.yaml", "/nothing", "/", "/socket.io/?EIO=4&transport=polling", "/chatter", "//chat/auth/me"):
        assert_problem(session.get(root + path, timeout=PATIENCE), 404, "not_found")
    assert session.get(f"{root}/chat/auth/me", timeout=PATIENCE).json()["username"] == "alice"
    assert session.get(f"{root}/chat/openapi.yaml", timeout=PATIENCE).status_code == 200
    # Load balancers ask the server itself, not the proxy.
    for path in ("/health", "/ready", "/chat/health", "/chat/ready"):
        assert session.get(root + path, timeout=PATIENCE).status_code == 200

    picture = session.put(f"{root}/chat/upload/a.txt", data=b"bytes", timeout=PATIENCE).json()["uploads"][0]
    assert picture["url"].startswith(f"/chat/upload/{picture['id']}/file?token=")
    assert requests.get(root + picture["url"], timeout=PATIENCE).content == b"bytes"
    assert requests.get(root + picture["url"].removeprefix("/chat"), timeout=PATIENCE).status_code == 404

    tus = {"Tus-Resumable": "1.0.0"}
    name = base64.b64encode(b"b.txt").decode()
    created = session.post(f"{root}/chat/upload", headers={**tus, "Upload-Length": "5", "Upload-Metadata": f"filename {name}"}, timeout=PATIENCE)
    assert created.headers["Location"].startswith("/chat/upload/")
    piece = {**tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert session.patch(root + created.headers["Location"], headers=piece, data=b"bytes", timeout=PATIENCE).status_code == 204

    # Both transports, as a Socket.IO client finds them.
    for transport in ("polling", "websocket"):
        client = socketio.Client(reconnection=False, request_timeout=PATIENCE)
        client.connect(root, socketio_path="/chat/socket.io", auth={"token": made.json()["accessToken"]}, transports=[transport], wait_timeout=PATIENCE)
        client.disconnect()
    with pytest.raises(websocket.WebSocketBadStatusException, match="404"):
        websocket.create_connection(f"ws://127.0.0.1:{below.port}/socket.io/?EIO=4&transport=websocket", timeout=PATIENCE)


def test_the_page_names_its_files_below_the_path(start_server, tmp_path):
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text('<link href="/assets/a.css"><script src="/assets/a.js"></script><meta name="x" content="/assets/b.css"><a href="https://x.example/">')
    (web / "index.html.gz").write_bytes(b"of the page as it was built")
    (web / "assets/a.js").write_text("1")
    server = start_server(BASE_PATH="/a/b", WEB_DIR=web)
    root = f"http://127.0.0.1:{server.port}"
    for path in ("/a/b", "/a/b/", "/a/b/c/1/details", "/a/b/index.html"):
        page = requests.get(root + path, headers={"Accept": "text/html"}, timeout=PATIENCE)
        assert page.text == '<link href="/a/b/assets/a.css"><script src="/a/b/assets/a.js"></script><meta name="x" content="/a/b/assets/b.css"><a href="https://x.example/">'
    assert requests.get(f"{root}/a/b/assets/a.js", timeout=PATIENCE).text == "1"
    assert requests.get(f"{root}/assets/a.js", timeout=PATIENCE).status_code == 404


def test_two_servers_on_one_host_keep_their_cookies_apart(start_server):
    one, two = start_server(), start_server()
    # Like a browser, it sends a host's cookies to every port.
    browser = requests.Session()
    register(one, browser, "alice")
    register(two, browser, "bob")
    for server, name in ((one, "alice"), (two, "bob"), (one, "alice")):
        answer = refresh(server, browser)
        assert answer.status_code == 200 and answer.json()["user"]["username"] == name
    left = browser.post(f"http://127.0.0.1:{two.port}/auth/logout", headers={**PAGE, "Origin": f"http://127.0.0.1:{two.port}"}, timeout=PATIENCE)
    assert left.status_code == 204
    assert refresh(one, browser).status_code == 200, "leaving one server leaves the other alone"
    assert refresh(two, browser).status_code == 401


def test_nobody_is_signed_out_by_the_new_names(server):
    browser = requests.Session()
    register(server, browser, "carol")
    old = requests.Session()
    for cookie in browser.cookies:
        old.cookies.set(cookie.name.removesuffix(f"_{server.port}"), cookie.value, domain=cookie.domain, path=cookie.path)
    assert sorted(old.cookies.keys()) == ["parley_device", "parley_refresh"]
    assert refresh(server, old).status_code == 200
    assert f"parley_refresh_{server.port}" in old.cookies and "parley_refresh" not in old.cookies
    assert refresh(server, old).status_code == 200


def test_a_public_address_with_the_path(start_server):
    server = start_server(BASE_PATH="/chat", PUBLIC_URL="https://chat.example.org/chat")
    asked = {"Host": "chat.example.org", "Origin": "https://chat.example.org", **PAGE}
    url = f"http://127.0.0.1:{server.port}/chat/auth/register"
    made = requests.post(url, json={"username": "dora", "password": PASSWORD}, headers=asked, timeout=PATIENCE)
    assert made.status_code == 201
    # A port that browsers do not write is not in the name.
    assert "parley_refresh=" in made.headers["Set-Cookie"] and "Path=/chat/auth" in made.headers["Set-Cookie"]
    assert urlsplit(url).path.startswith("/chat/")
    assert requests.get(f"http://127.0.0.1:{server.port}/chat/auth/me", timeout=PATIENCE).status_code == 421
