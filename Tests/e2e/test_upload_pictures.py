"""Pictures and videos: how they are measured, turned, cleaned and made into thumbnails."""

import pytest

import pictures
from parley import assert_problem
from uploading import digest


@pytest.fixture(scope="module")
def alice(server):
    """A person who uploads, shared by tests that do not count her uploads."""
    return server.person("alice")


def test_a_photo_is_turned_and_cleaned(server, people):
    alice, bob = people("alice", "bob")
    content = pictures.picture("jpg", 4000, 3000, orientation=6)
    assert pictures.metadata(content, "before.jpg")["GPSLatitude"]
    upload = alice.upload(content, "IMG_0001.jpg")
    assert (upload["kind"], upload["type"]) == ("image", "image/jpeg")
    assert (upload["width"], upload["height"]) == (3000, 4000) and upload["blurhash"]
    assert upload["sha256"] == digest(content) and upload["size"] == len(content)
    assert [(t["size"], t["width"], t["height"]) for t in upload["thumbnails"]] == [
        ("small", 120, 160), ("medium", 360, 480), ("large", 960, 1280)]
    conversation = alice.direct(bob)
    received = alice.send(conversation, "", attachments=[upload["id"]])["attachments"][0]
    for person in (alice, bob):
        served = person.get(f"/upload/{upload['id']}/file")
        found = pictures.metadata(served.content, "served.jpg")
        assert (found["ImageWidth"], found["ImageHeight"]) == (3000, 4000)
        assert not any(key.startswith("GPS") or key in ("Make", "City") for key in found), found
        assert found.get("Orientation", 1) == 1
        red, _, blue = pictures.pixel(served.content, "served.jpg", 100, 100)
        assert red > 150 > blue, "the left half is the upper half now"
    for thumbnail in received["thumbnails"]:
        image = server.request("GET", thumbnail["url"])
        assert image.headers["Content-Type"] == "image/webp"
        red, _, blue = pictures.pixel(image.content, "thumbnail.webp", 10, 10)
        assert red > 150 > blue
        assert b"Secret" not in image.content


@pytest.mark.parametrize("kind, type", [
    ("png", "image/png"), ("webp", "image/webp"), ("heic", "image/heic"), ("tif", "image/tiff"), ("gif", "image/gif")])
def test_pictures_of_every_format(server, alice, kind, type):
    upload = alice.upload(pictures.picture(kind), f"picture.{kind}")
    assert (upload["type"], upload["kind"], upload["width"], upload["height"]) == (type, "image", 400, 300)
    assert upload["thumbnails"][0]["size"] == "small" and upload["blurhash"]
    assert b"Secret" not in server.request("GET", upload["url"]).content


def test_moving_pictures_and_films(server, alice):
    gif = alice.upload(pictures.moving("gif"), "moving.gif")
    assert (gif["kind"], gif["width"], gif["height"]) == ("image", 320, 240)
    medium = next(t for t in gif["thumbnails"] if t["size"] == "medium")
    assert server.request("GET", medium["url"]).content.count(b"ANMF") == 5, "it keeps moving"
    film = alice.upload(
        pictures.moving("mp4", "-pix_fmt", "yuv420p", "-metadata", "location=+48.8584+002.2945/"), "film.mp4")
    assert (film["type"], film["kind"], film["width"], film["height"]) == ("video/mp4", "video", 320, 240)
    assert 0.8 < film["duration"] < 1.3 and film["thumbnails"]
    assert b"+48.8584" not in server.request("GET", film["url"]).content


def test_bytes_that_are_not_what_their_name_says(server, alice):
    text = alice.upload(b"just words\n", "picture.jpg")
    assert (text["type"], text["kind"], text["thumbnails"]) == ("text/plain", "file", [])
    cases = [(b"<html><body><script>alert(1)</script></body></html>", "a.png", "text/html"),
             (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "a.png", "image/svg+xml"),
             (open("/bin/true", "rb").read(), "a.png", None)]
    for content, name, type in cases:
        upload = alice.upload(content, name)
        assert type in (None, upload["type"]) and upload["kind"] == "file"
        served = server.request("GET", upload["url"])
        assert served.headers["Content-Disposition"].startswith("attachment;")
        assert served.headers["Content-Type"].split(";")[0] not in ("image/png",)


def test_a_picture_cut_short_and_one_that_lies(server, alice):
    whole = pictures.picture("jpg")
    half = alice.upload(whole[:len(whole) // 2], "half.jpg")
    assert half["type"] == "image/jpeg"
    bomb = bytearray(pictures.picture("png"))
    bomb[16:24] = b"\x7f\xff\xff\xff" * 2  # IHDR's width and height; its checksum is wrong now as well.
    lying = alice.upload(bytes(bomb), "bomb.png")
    assert lying["thumbnails"] == []
    if lying["kind"] == "file":
        # It could not be cleaned, so only its owner gets it.
        bob = server.person()
        alice.send(alice.direct(bob), "look", attachments=[lying["id"]])
        assert_problem(bob.get(f"/upload/{lying['id']}/file"), 404, "not_found")
        served = alice.get(f"/upload/{lying['id']}/file")
        assert served.status_code == 200 and served.content == bytes(bomb)
        assert served.headers["Content-Disposition"].startswith("attachment;")


def test_a_sound_has_a_waveform(server, people):
    alice, bob = people("alice", "bob")
    path = pictures.DIRECTORY / "tone.ogg"
    pictures.run("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=duration=2", "-c:a", "libopus", str(path))
    upload = alice.upload(path.read_bytes(), "voice.ogg")
    assert upload["kind"] == "audio" and len(upload["waveform"]) == 100
    # ffmpeg's tone has an eighth of the full volume.
    assert all(24 <= peak <= 40 for peak in upload["waveform"][3:97]), upload["waveform"]
    message = alice.send(alice.direct(bob), "", attachments=[upload["id"]])
    assert message["attachments"][0]["waveform"] == upload["waveform"]
    # As what was uploaded before there were any.
    server.sql("UPDATE blobs SET waveform = NULL WHERE sha256 = %s", upload["sha256"])
    assert "waveform" not in alice.get(f"/upload/{upload['id']}").json()
