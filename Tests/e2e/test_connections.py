"""What the server makes of connections: whose they are, how many there are, and what they may cost."""

import pytest


@pytest.mark.parametrize("file", ["socket.io.js", "socket.io.js.map", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"])
def test_who_looks_for_the_clients_file_is_told_where_it_is(server, file):
    # As a script of a page asks for it, and as a person does.
    for accept in ["*/*", "text/html"]:
        answer = server.request("GET", f"/socket.io/{file}", headers={"Accept": accept})
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "npm install socket.io-client" in answer.text and "Parley's own client is at /" in answer.text
    assert server.request("HEAD", f"/socket.io/{file}").status_code == 404
    assert server.request("POST", f"/socket.io/{file}").status_code == 405
