"""Uploads of kinds that are easily taken for another, too large, or damaged: everybody gets them, or is told why not."""

import json
import struct
import subprocess
import zlib

import pytest

import pictures
from parley import assert_problem


@pytest.fixture(scope="module")
def pair(server):
    ana, bob = server.people("ana", "bob")
    return ana, bob, ana.direct(bob)


def sent(pair, content, name):
    """Uploads and sends it. Returns the upload and the answer that the other person gets."""
    ana, bob, conversation = pair
    upload = ana.upload(content, name)
    ana.send(conversation, "", attachments=[upload["id"]])
    return upload, bob.get(f"/upload/{upload['id']}/file")


def pixels(content):
    """What a decoder that resynchronizes in its own way makes of it."""
    return subprocess.run(
        ["ffmpeg", "-v", "quiet", "-f", "mjpeg", "-i", "-", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        input=content, capture_output=True).stdout


def scans(content):
    return content[content.index(b"\xff\xda"):]


def noise(name, options=""):
    path = pictures.DIRECTORY / name
    if not path.exists():
        plane = [str(pictures.DIRECTORY / f"plane{i}.v") for i in range(3)]
        for i, file in enumerate(plane):
            pictures.run(
                "vips", "gaussnoise", file, "640", "480", "--sigma", "40", "--mean", str(100 + 30 * i), "--seed", str(i + 1))
        pictures.run("vips", "bandjoin", " ".join(plane), str(pictures.DIRECTORY / "planes.v"))
        pictures.run("vips", "cast", str(pictures.DIRECTORY / "planes.v"), str(pictures.DIRECTORY / "bytes.v"), "uchar")
        pictures.run("vips", "copy", str(pictures.DIRECTORY / "bytes.v"), str(path) + options, "--interpretation", "srgb")
        pictures.run("exiftool", "-q", "-overwrite_original", *pictures.METADATA, str(path))
    return path.read_bytes()


DAMAGES = {
    "length": b"\xff\xc4\x40\x00", "application": b"\xff\xe5\x12\x34", "restart": b"\xff\xd3", "comment": b"\xff\xfe\x20\x00",
    "arithmetic": b"\xff\xcc\x00\x40", "reserved": b"\xff\x42", "filled": b"\xff\xff\xff\xf3\x01\x90"}


@pytest.mark.parametrize("kind", ["restarts", "none", "progressive"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_jpeg_looks_the_same_to_everybody(pair, kind, damage):
    options = {"restarts": "[restart_interval=8]", "none": "", "progressive": "[interlace]"}[kind]
    content = bytearray(noise(f"noise-{kind}.jpg", options))
    start = content.index(b"\xff\xda")
    for share in (3, 2):  # A third and a half of the way.
        place = start + (len(content) - start) // share
        content[place:place + len(DAMAGES[damage])] = DAMAGES[damage]
    upload, answer = sent(pair, bytes(content), f"{kind}-{damage}.jpg")
    assert upload["kind"] == "image" and upload["cleaned"] is True
    assert b"Secret" not in answer.content
    assert scans(answer.content) == scans(bytes(content))
    assert pixels(answer.content) == pixels(bytes(content))


def test_a_jpeg_with_metadata_between_its_scans(pair):
    content = noise("noise-progressive.jpg", "[interlace]")
    second = content.index(b"\xff\xc4", content.index(b"\xff\xda"))
    secret = b"Exif\0\0SecretCam"
    tagged = content[:second] + b"\xff\xe1" + struct.pack(">H", len(secret) + 2) + secret + content[second:]
    answer = sent(pair, tagged, "between.jpg")[1]
    assert b"Secret" not in answer.content
    assert pixels(answer.content) == pixels(content)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_photo_of_108_megapixels_is_a_picture(pair, orientation):
    path = pictures.DIRECTORY / "large.jpg"
    if not path.exists():
        source = pictures.DIRECTORY / "large.ppm"
        row = pictures.RED * 6000 + pictures.BLUE * 6000
        with source.open("wb") as file:
            file.write(b"P6 12000 9000 255\n")
            for _ in range(9000):
                file.write(row)
        pictures.run("vips", "copy", str(source), str(path))
        source.unlink()
    pictures.run("exiftool", "-q", "-overwrite_original", "-n", f"-Orientation={orientation}", *pictures.METADATA, str(path))
    upload, answer = sent(pair, path.read_bytes(), "large.jpg")
    size = (12000, 9000) if orientation == 1 else (9000, 12000)
    assert (upload["kind"], upload["width"], upload["height"]) == ("image", *size)
    assert [max(t["width"], t["height"]) for t in upload["thumbnails"]] == [160, 480, 1280]
    assert upload["thumbnails"][0]["width"] == (160 if orientation == 1 else 120)
    assert upload["cleaned"] is True and b"Secret" not in answer.content
    found = pictures.metadata(answer.content, "large-served.jpg")
    assert found.get("Orientation", 1) == orientation and not any(key.startswith("GPS") for key in found)
    red, _, blue = pictures.pixel(answer.content, "large-served.jpg", 100, 100)
    assert red > 150 > blue


def test_animated_avif(pair):
    path = pictures.DIRECTORY / "moving.avif"
    pictures.run(
        "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1", "-metadata",
        "title=Secret", "-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv420p", "-f", "avif", str(path))
    content = path.read_bytes() + struct.pack(">I", 22) + b"uuidSecretSecret!!"
    upload, answer = sent(pair, content, "moving.avif")
    assert (upload["type"], upload["kind"], upload["width"], upload["height"]) == ("image/avif", "image", 64, 48)
    assert len(upload["thumbnails"]) == 3 and b"Secret" not in answer.content
    assert answer.headers["Content-Disposition"].startswith("inline")
    served = pictures.DIRECTORY / "served.avif"
    served.write_bytes(answer.content)
    md5 = [subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "mov", "-i", str(file), "-map", "0:v", "-f", "framemd5", "-"], capture_output=True,
        check=True).stdout for file in (path, served)]
    assert md5[0] == md5[1] and md5[0].count(b"\n0,") + md5[0].count(b"\n1,") >= 5


@pytest.mark.parametrize("brand", [b"hevc", b"msf1"])
def test_heic_sequences(pair, brand):
    """Without a still picture beside them, as they come from cameras' bursts."""
    path = pictures.DIRECTORY / "burst.mp4"
    pictures.run(
        "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1", "-metadata",
        "title=Secret", "-c:v", "libx265", "-tag:v", "hvc1", "-pix_fmt", "yuv420p", str(path))
    content = path.read_bytes()
    handler = content.index(b"vide", content.index(b"hdlr"))
    content = content[:8] + brand + content[12:handler] + b"pict" + content[handler + 4:]
    upload, answer = sent(pair, content, "burst.heics")
    assert upload["type"].startswith("image/hei") and upload["kind"] == "image"
    assert (upload["width"], upload["height"]) == (64, 48) and len(upload["thumbnails"]) == 3
    assert "visibility" not in upload and b"Secret" not in answer.content


def tiff(*pages, order="<"):
    """Bilevel pages of these heights, each with the name of a camera."""
    magic = b"II*\0" if order == "<" else b"MM\0*"
    data, directories = bytearray(magic + bytes(4)), []
    for height, shade in pages:
        secret = b"SecretCam\0"
        place = len(data)
        data += secret + bytes([shade]) * (8 * height)
        directories.append([
            (256, 3, 1, 64), (257, 3, 1, height), (258, 3, 1, 1), (259, 3, 1, 1), (262, 3, 1, 1),
            (271, 2, len(secret), place), (273, 4, 1, place + len(secret)), (277, 3, 1, 1), (278, 3, 1, height),
            (279, 4, 1, 8 * height), (306, 2, 4, int.from_bytes(b"2026", "little" if order == "<" else "big"))])
    last = 4
    for fields in directories:
        data += bytes(len(data) % 2)
        data[last:last + 4] = struct.pack(order + "I", len(data))
        data += struct.pack(order + "H", len(fields))
        for tag, kind, count, value in fields:
            data += struct.pack(order + "HHI", tag, kind, count)
            data += struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
        last = len(data)
        data += bytes(4)
    return bytes(data)


@pytest.mark.parametrize("order", ["<", ">"])
def test_fax_pages_of_different_length(pair, order):
    content = tiff((40, 0xF0), (50, 0x0F), (60, 0xAA), order=order)
    upload, answer = sent(pair, content, "fax.tif")
    assert (upload["kind"], upload["width"], upload["height"]) == ("image", 64, 40)
    assert upload["thumbnails"] and upload["cleaned"] is True
    assert b"Secret" not in answer.content and b"2026" not in answer.content
    (pictures.DIRECTORY / "fax.tif").write_bytes(content)
    (pictures.DIRECTORY / "served.tif").write_bytes(answer.content)
    for page in range(3):
        shown = []
        for name in ("fax.tif", "served.tif"):
            pictures.run("vips", "copy", f"{pictures.DIRECTORY / name}[page={page}]", str(pictures.DIRECTORY / "page.raw"))
            shown.append((pictures.DIRECTORY / "page.raw").read_bytes())
        assert shown[0] == shown[1]


def test_a_tiff_of_12_bits_is_a_file_for_everybody(pair):
    """libvips reads none."""
    pixels, secret = bytes(range(96)), b"SecretCam\0"
    fields = [(256, 3, 1, 8), (257, 3, 1, 8), (258, 3, 1, 12), (259, 3, 1, 1), (262, 3, 1, 1), (271, 2, len(secret), 8 + 96),
              (273, 4, 1, 8), (277, 3, 1, 1), (278, 3, 1, 8), (279, 4, 1, 96)]
    content = b"II*\0" + struct.pack("<I", 8 + 96 + len(secret)) + pixels + secret + struct.pack("<H", len(fields))
    content += b"".join(struct.pack("<HHII", *field) for field in fields) + bytes(4)
    upload, answer = sent(pair, content, "deep.tif")
    assert (upload["type"], upload["kind"], upload["cleaned"]) == ("image/tiff", "file", True) and "visibility" not in upload
    assert answer.status_code == 200 and pixels in answer.content and b"Secret" not in answer.content
    assert answer.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_a_long_scan(pair, kind):
    """More pixels on one side than any camera has, and not many in all."""
    content = pictures.picture(kind, 200, 40_000)
    upload, answer = sent(pair, content, f"scan.{kind}")
    assert (upload["kind"], upload["width"], upload["height"]) == ("image", 200, 40_000)
    assert [t["height"] for t in upload["thumbnails"]] == [160, 480, 1280] and b"Secret" not in answer.content


@pytest.mark.parametrize("head", [b"\0\0\2\0\0\0\0\0\0\0\0\0\x10\0\x10\0\x18\x20", b"\0\0\x0a\0\0\0\0\0\0\0\0\0\x40\0\x40\0\x20\x08"])
def test_what_has_no_signature_is_a_file_for_everybody(pair, head):
    content = head + bytes(range(200))
    assert b"tga" in subprocess.run(["file", "-b", "--mime-type", "-"], input=content, capture_output=True).stdout
    upload, answer = sent(pair, content, "data.bin")
    assert (upload["type"], upload["kind"]) == ("application/octet-stream", "file")
    assert answer.status_code == 200 and answer.content == content


def test_who_can_open_a_file_is_said_before_it_is_sent(pair):
    ana, bob, conversation = pair
    jxl = b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(64)
    upload = ana.upload(jxl, "photo.jxl")
    assert upload["visibility"] == "owner" and upload["cleaned"] is False
    assert ana.get(f"/upload/{upload['id']}").json()["visibility"] == "owner"
    message = ana.send(conversation, "", attachments=[upload["id"]])
    assert message["attachments"][0]["visibility"] == "owner"
    seen = bob.get(f"/messages?conversationId={conversation}").json()["messages"]
    assert next(m for m in seen if m["id"] == message["id"])["attachments"][0]["visibility"] == "owner"
    assert_problem(bob.get(f"/upload/{upload['id']}/file"), 404, "not_found")
    assert "visibility" not in ana.upload(b"words", "words.txt")


@pytest.mark.parametrize("content, type", [
    ("gr\u00fc\u00dfe\n".encode("latin-1"), "text/plain; charset=iso-8859-1"),
    ("gr\u00fc\u00dfe\n".encode(), "text/plain; charset=utf-8"), (b"words\n", "text/plain; charset=utf-8"),
    ("gr\u00fc\u00dfe\n".encode("utf-16"), "text/plain; charset=utf-16le"),
    (b"words\n" * 4000 + "\u00fc\n".encode(), "text/plain; charset=utf-8"),
    (b"words\n" * 4000 + "\u00fc\n".encode("latin-1"), "text/plain; charset=iso-8859-1"),
    (b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-\n", "text/plain; charset=utf-8")])
def test_texts_are_served_in_their_encoding(pair, content, type):
    assert sent(pair, content, "words.txt")[1].headers["Content-Type"] == type


@pytest.mark.parametrize("document", [
    {"words": ["x" * 50] * 3000}, [[1.5e3, None, True, {"a": "\u00e9\\\""}]] * 9000, [{"a": []}] * 20_000])
def test_long_json_is_json(pair, document):
    for separators in ((",", ":"), (", ", ":\n ")):
        content = json.dumps(document, separators=separators, ensure_ascii=False).encode()
        assert len(content) > 65536
        assert pair[0].upload(content, "data.json")["type"] == "application/json"


@pytest.mark.parametrize("text", ["[1] and then words\n" * 5000, "{not json}\n" * 9000, "[link](there)\n" * 9000])
def test_long_text_with_brackets_is_no_json(pair, text):
    assert pair[0].upload(text.encode(), "notes.md")["type"] == "text/plain"


@pytest.mark.parametrize("name, options, type", [
    ("memo.m4a", ["-vn", "-c:a", "aac", "-f", "ipod"], "audio/mp4"), ("song.aac", ["-vn", "-f", "adts"], "audio/aac"),
    ("film.m4v", ["-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-brand", "M4V ", "-f", "mp4"], "video/mp4"),
    ("song.wav", ["-vn", "-f", "wav"], "audio/wav"), ("song.flac", ["-vn", "-f", "flac"], "audio/flac"),
    ("song.ogg", ["-vn", "-c:a", "libvorbis", "-f", "ogg"], "audio/ogg")])
def test_browsers_know_the_types_of_films_and_sounds(pair, name, options, type):
    path = pictures.DIRECTORY / name
    pictures.run(
        "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1", "-f", "lavfi", "-i",
        "sine=duration=1", *options, str(path))
    answer = sent(pair, path.read_bytes(), name)[1]
    assert answer.headers["Content-Type"] == type and answer.headers["Content-Disposition"].startswith("inline;")


def test_a_coded_body_is_refused(pair):
    ana = pair[0]
    for method, path in (("PUT", "/upload/a.txt"), ("POST", "/upload")):
        answer = ana.request(method, path, data=b"x", headers={"Content-Encoding": "gzip"})
        assert_problem(answer, 415, "unsupported_media_type")
    assert ana.request("PUT", "/upload/a.txt", data=b"x", headers={"Content-Encoding": "identity"}).status_code == 201


def test_a_name_in_latin_1(pair):
    body = (b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"plain.txt\"; "
            b"filename*=ISO-8859-1''na%EFve%20caf%e9.txt\r\n\r\nwords\r\n--b--\r\n")
    answer = pair[0].request("POST", "/upload", data=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.json()["uploads"][0]["name"] == "na\u00efve caf\u00e9.txt"


def animated_png(still, *frames):
    """An animated PNG of one color a frame, whose still picture is none of them."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def rows(color):
        return zlib.compress((b"\0" + bytes(color) * 64) * 48)

    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0))
    content += chunk(b"acTL", struct.pack(">II", len(frames), 0)) + chunk(b"IDAT", rows(still))
    for number, color in enumerate(frames):
        content += chunk(b"fcTL", struct.pack(">IIIIIHHBB", 2 * number, 64, 48, 0, 0, 1, 10, 0, 0))
        content += chunk(b"fdAT", struct.pack(">I", 2 * number + 1) + rows(color))
    return content + chunk(b"IEND", b"")


def test_thumbnails_of_animated_pngs_show_what_browsers_show(pair):
    red, green, blue = (255, 0, 0), (0, 128, 0), (0, 0, 255)
    content = animated_png(red, blue, green)
    upload, served = sent(pair, content, "moves.png")
    assert served.content == content and (upload["width"], upload["height"]) == (64, 48)
    thumbnail = pair[1].get(upload["thumbnails"][0]["url"])
    assert pictures.pixel(thumbnail.content, "thumbnail.webp", 20, 20) == list(blue)
