"""`parley doctor` says what is wrong, and what to do."""

import socket
import subprocess
import threading

import pytest

from parley import PATIENCE, Server
from redis_server import Redis
from test_commands import run


def findings(answer):
    """The severity of each line, by its topic, and the text. A topic with several lines has the worst."""
    worst = {}
    for line in answer.stdout.splitlines():
        if line.startswith(" "):
            continue
        severity, rest = line.split(maxsplit=1)
        topic, text = rest.split(": ", 1)
        order = ["ok", "warning", "ERROR"]
        if topic not in worst or order.index(severity) > order.index(worst[topic][0]):
            worst[topic] = (severity, text)
    return worst


def test_a_running_server_is_well(tmp_path):
    # With a PostgreSQL of its own: the tests' one does not flush, which the doctor says.
    with Server(storage=tmp_path / "storage") as server:
        answer = run(server, "doctor")
    found = findings(answer)
    for topic in ("settings", "storage", "secret", "database", "schema", "clock", "pictures", "films"):
        assert found[topic][0] == "ok", answer.stdout
    assert "HEIC" in found["pictures"][1] and "AVIF" in found["pictures"][1]
    # Debian's security updates are not this test's subject.
    severities = {severity for severity, _ in found.values()}
    assert answer.returncode == (2 if "ERROR" in severities else 1 if "warning" in severities else 0)


def test_a_database_that_does_not_flush(server):
    answer = run(server, "doctor")
    assert answer.returncode == 2 and "a power cut destroys it" in answer.stdout


def test_a_secret_that_others_can_read(server):
    (server.storage / "jwt-secret").chmod(0o644)
    answer = run(server, "doctor")
    (server.storage / "jwt-secret").chmod(0o600)
    assert answer.returncode == 2 and findings(answer)["secret"][0] == "ERROR"
    assert f"chmod 600 {server.storage}/jwt-secret" in answer.stdout


def test_a_misspelled_setting(server):
    answer = run(server, "doctor", MAX_UPLOAD_BYTE="5")
    assert findings(answer)["settings"][0] == "warning" and "MAX_UPLOAD_BYTES" in answer.stdout


def test_a_bus_that_is_away_or_answers(server):
    with Redis() as redis:
        answer = run(server, "doctor", BUS_URL=redis.url)
        assert findings(answer)["bus"][0] == "ok", answer.stdout
    answer = run(server, "doctor", BUS_URL=redis.url)
    assert findings(answer)["bus"][0] == "warning" and "cannot be used" in answer.stdout
    answer = run(server, "doctor", BUS_URL="http://127.0.0.1")
    assert answer.returncode == 2 and answer.stderr.startswith("parley: BUS_URL: ")


def test_a_bad_setting(server):
    answer = run(server, "doctor", PORT="many")
    assert answer.returncode == 2 and answer.stderr.startswith("parley: PORT")


def test_a_database_that_is_away(tmp_path):
    nowhere = Server(database="postgres://parley@127.0.0.1:1/parley", storage=tmp_path)
    answer = run(nowhere, "doctor")
    assert answer.returncode == 2 and findings(answer)["database"][0] == "ERROR"


def test_a_database_that_belongs_to_somebody_else(postgres):
    with postgres.connect("postgres") as connection:
        connection.execute("CREATE ROLE stranger LOGIN")
        connection.execute("CREATE DATABASE strange")
    answer = run(Server(database=postgres.url("strange").replace("user=parley", "user=stranger")), "doctor")
    assert answer.returncode == 2 and "does not own it" in answer.stdout


def test_a_clamd_that_is_away(server):
    answer = run(server, "doctor", CLAMD_ADDRESS="127.0.0.1:1")
    assert answer.returncode == 2 and findings(answer)["clamd"][0] == "ERROR"


def test_the_public_address_leads_here(server):
    answer = run(server, "doctor", PUBLIC_URL=server.url)
    assert findings(answer)["address"][0] == "ok" and "WebSockets too" in answer.stdout


def test_a_public_address_that_leads_elsewhere(server):
    # Answers everything with a page, as a proxy does that does not know the server.
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_one():
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

        thread = threading.Thread(target=answer_one, daemon=True)
        thread.start()
        answer = run(server, "doctor", PUBLIC_URL=f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join(PATIENCE)
    assert answer.returncode == 2 and findings(answer)["address"][0] == "ERROR"


def test_a_proxy_that_nobody_trusts(server):
    answer = run(server, "doctor", PUBLIC_URL="https://127.0.0.1:1")
    found = findings(answer)
    assert found["proxy"][0] == "warning" and found["address"][0] == "ERROR" and "TRUSTED_PROXIES" in answer.stdout


@pytest.mark.parametrize(("days", "severity"), [(400, "ok"), (5, "warning")])
def test_a_certificate_that_ends(server, tmp_path, days, severity):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", str(days),
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"],
        check=True, capture_output=True)
    answer = run(server, "doctor", TLS_CERT=str(tmp_path / "certificate.pem"), TLS_KEY=str(tmp_path / "key.pem"))
    assert findings(answer)["certificate"][0] == severity
