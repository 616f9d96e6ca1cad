"""Helpers that the tests of moderation share."""

import os
import struct
import zlib

from parley import assert_problem, until


def audit(server, subject):
    """The audit log's rows about a message, upload, user, report or word: `[(actor, action, reason)]`."""
    return server.sql(
        "SELECT actor, action, reason FROM moderation.audit_log WHERE subject = %s ORDER BY id", str(subject))


def assert_gone(server, upload):
    paths = [upload["url"]] + [t["url"] for t in upload["thumbnails"]]
    for path in paths:
        assert_problem(server.request("GET", path), 410, "gone")


def wait_for_words(server):
    """Waits until the server has read the word filter: a word that is added last is refused."""
    word = f"sentinel{os.urandom(6).hex()}"
    server.sql("SELECT moderation.add_blocked_word(%s)", word)
    person = server.person(word)
    message = {"conversationId": person.group(), "text": word}
    until(lambda: person.post("/messages", json=message).status_code == 422, "the words to be read")
    server.sql("SELECT moderation.remove_blocked_word(%s)", word)


def picture():
    """A PNG that nobody has uploaded before: 8 × 8 pixels, the first of them random."""
    rows = b"".join(b"\0" + os.urandom(24) for _ in range(8))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def files_of(server, upload):
    return list((server.storage / "uploads").rglob(upload["sha256"] + "*"))
