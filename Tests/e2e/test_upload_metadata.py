"""What cameras, programs and browsers write into films and sounds is gone from what others get, or said to be there; and
nothing else has changed."""

import base64
import io
import json
import struct
import subprocess
import zipfile

import pytest

import pictures

SECRET = "SecretPlace"
TAGS = ["-metadata", f"title={SECRET}", "-metadata", f"artist={SECRET}", "-metadata", f"location={SECRET}"]
SOURCES = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1", "-f", "lavfi", "-i", "sine=duration=1"]


@pytest.fixture(scope="module")
def pair(server):
    ana, bob = server.people("ana", "bob")
    return ana, bob, ana.direct(bob)


def film(name, *options, sources=SOURCES):
    path = pictures.DIRECTORY / name
    pictures.run("ffmpeg", "-v", "error", "-y", *sources, *TAGS, *options, str(path))
    return path.read_bytes()


def sent(pair, content, name):
    """Uploads and sends it. Returns the upload and what the other person gets."""
    ana, bob, conversation = pair
    upload = ana.upload(content, name)
    received = ana.send(conversation, "", attachments=[upload["id"]])["attachments"][0]
    served = bob.get(f"/upload/{upload['id']}/file")
    assert served.status_code == 200, served.text
    assert received.get("cleaned") == upload.get("cleaned")
    return upload, served.content


def probe(content, *entries):
    path = pictures.DIRECTORY / "probed"
    path.write_bytes(content)
    output = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_entries", *entries, str(path)], capture_output=True, check=True)
    return json.loads(output.stdout)


def streams(content):
    found = probe(content, "stream=codec_name,codec_type:stream_tags=language")["streams"]
    return [(stream["codec_name"], stream.get("tags", {}).get("language", "und")) for stream in found]


def frames(content, name="played"):
    """A checksum of every picture and sound that a player makes of it."""
    path = pictures.DIRECTORY / name
    path.write_bytes(content)
    output = subprocess.run(
        ["ffmpeg", "-v", "quiet", "-i", str(path), "-map", "0:v?", "-map", "0:a?", "-f", "framemd5", "-"],
        capture_output=True, text=True, check=True).stdout
    return [line.split(",")[-1].strip() for line in output.splitlines() if not line.startswith("#")]


def id3v1():
    return b"TAG" + SECRET.encode().ljust(125, b"\0")


def id3v2(padding=0):
    content = SECRET.encode() + bytes(padding)
    size = bytes(len(content) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\4\0\0" + size + content


def ape():
    item = SECRET.encode()
    return item + b"APETAGEX" + struct.pack("<IIII", 2000, len(item) + 32, 1, 0) + bytes(8)


def lyrics3():
    return b"LYRICSBEGIN" + SECRET.encode() + b"LYRICSEND"


def archive():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("a.txt", SECRET)
    return stream.getvalue()


@pytest.mark.parametrize("codec, name, type", [
    (["-c:a", "libmp3lame", "-f", "mp3"], "song.mp3", "audio/mpeg"),
    (["-c:a", "aac", "-f", "adts"], "song.aac", "audio/x-hx-aac-adts"),
    (["-c:a", "flac", "-f", "flac"], "song.flac", "audio/flac")])
@pytest.mark.parametrize("front, back", [
    (id3v2(), b""), (id3v2(100_000), b""), (id3v2() + id3v2(), id3v1() + bytes(1000)),
    (b"", lyrics3() + id3v1()), (b"", ape()), (b"", bytes(500) + ape() + bytes(10)), (b"", archive())],
    ids=["id3", "large", "zeros", "lyrics", "ape", "ape-zeros", "zip"])
def test_a_sound_is_its_frames_and_nothing_else(pair, codec, name, type, front, back):
    plain = film(name, "-vn", *codec, sources=SOURCES[4:])
    sound = plain[plain.index(b"\xff"):] if type == "audio/x-hx-aac-adts" else plain
    upload, served = sent(pair, front + sound + back, name)
    assert (upload["type"], upload["kind"], upload["cleaned"]) == (type, "audio", True)
    assert abs(upload["duration"] - 1) < 0.2
    assert SECRET.encode() not in served and b"PK" not in served
    clean = sent(pair, plain, name)[1]
    assert served == clean, "only the frames are left"
    assert frames(served, name) == frames(plain, name)


@pytest.mark.parametrize("codecs, name", [
    (["-c:v", "libvpx", "-c:a", "libvorbis"], "film.webm"), (["-c:v", "libtheora", "-c:a", "flac"], "film.mkv"),
    (["-c:v", "mpeg4", "-c:a", "tta"], "tta.mkv"), (["-c:v", "libx264", "-c:a", "libopus"], "opus.mkv"),
    (["-c:v", "mpeg4", "-c:a", "flac", "-strict", "-2"], "flac.mp4")])
def test_tags_among_the_settings_of_codecs(pair, codecs, name):
    content = film(name, "-pix_fmt", "yuv420p", "-metadata:s:v", f"title={SECRET}", "-metadata:s:a", "language=fra", *codecs)
    for header in (b"\x03vorbis", b"\x81theora"):
        if header in content:  # ffmpeg writes no tags here; others do.
            start = content.index(header) + 7
            length = int.from_bytes(content[start:start + 4], "little")
            assert length >= len(SECRET)
            content = content[:start + 4] + SECRET.encode().ljust(length, b"x") + content[start + 4 + length:]
    assert SECRET.encode() in content
    upload, served = sent(pair, content, name)
    assert upload["kind"] == "video" and upload["cleaned"] is True
    assert SECRET.encode() not in served
    assert frames(served, name) == frames(content, name)
    assert streams(served) == streams(content)


def test_a_cover_in_the_settings_of_a_flac(pair):
    """FLAC's blocks, as other programs write them: comments and a picture within `dfLa` of an MP4."""
    content = film("blocks.mp4", "-vn", "-c:a", "flac", "-strict", "-2", sources=SOURCES[4:])
    start = content.index(b"dfLa")
    block = bytes([0x84]) + (len(SECRET) + 8).to_bytes(3, "big") + struct.pack("<I", len(SECRET)) + SECRET.encode() + bytes(4)
    settings = bytearray(content[start:start + 8 + 38])
    settings[8] = 0
    grown = content[:start] + bytes(settings) + block + content[start + 8 + 38:]
    # The boxes around it, and the places of the samples if they stand behind.
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"fLaC", b"dfLa"):
        place = grown.index(name, grown.index(b"moov") if name != b"fLaC" else grown.index(b"stsd")) - 4
        size = int.from_bytes(grown[place:place + 4], "big") + len(block)
        grown = grown[:place] + size.to_bytes(4, "big") + grown[place + 4:]
    assert frames(grown) == frames(content)
    upload, served = sent(pair, grown, "blocks.mp4")
    assert upload["kind"] == "audio" and SECRET.encode() not in served
    assert frames(served) == frames(content)


@pytest.mark.parametrize("name", ["jpegs.avi", "jpegs.mov", "jpegs.mkv"])
def test_a_film_of_jpegs_loses_what_each_of_them_says(pair, name):
    photo = pictures.DIRECTORY / "frame.jpg"
    photo.write_bytes(pictures.picture("jpg"))
    content = film(name, "-map", "0", "-c:v", "copy", sources=["-loop", "1", "-t", "0.2", "-f", "image2", "-i", str(photo)])
    assert content.count(b"SecretCam") > 1
    upload, served = sent(pair, content, name)
    assert upload["kind"] == "video" and upload["cleaned"] is True and b"Secret" not in served
    assert frames(served, name) == frames(content, name)


def test_a_transparent_sticker_stays_transparent(pair):
    content = film(
        "sticker.webm", "-vf", "format=yuva420p,geq=lum=128:cb=90:cr=200:a='if(lt(X,32),0,255)'", "-an", "-c:v",
        "libvpx-vp9", "-auto-alt-ref", "0", sources=SOURCES[:4])
    upload, served = sent(pair, content, "sticker.webm")
    assert upload["cleaned"] is True and SECRET.encode() not in served
    entries = "stream_tags=alpha_mode,ALPHA_MODE"
    assert probe(content, entries) == probe(served, entries) and "1" in json.dumps(probe(served, entries))

    def decoded(film):
        path = pictures.DIRECTORY / "decoded.webm"
        path.write_bytes(film)
        return subprocess.run(
            ["ffmpeg", "-v", "error", "-c:v", "libvpx-vp9", "-i", str(path), "-pix_fmt", "rgba", "-f", "md5", "-"],
            capture_output=True, check=True).stdout

    assert decoded(served) == decoded(content)


def test_subtitles_of_a_film_stay_and_places_in_them_go(pair):
    def subtitled(words):
        text = pictures.DIRECTORY / "words.srt"
        text.write_text(f"1\n00:00:00,000 --> 00:00:00,900\n{words}\n")
        return film(
            "subtitled.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-c:s", "mov_text",
            "-metadata:s:s", "language=deu", sources=[*SOURCES, "-i", str(text)])

    content = subtitled("Words to read")
    served = sent(pair, content, "subtitled.mp4")[1]
    assert b"Words to read" in served and SECRET.encode() not in served
    assert streams(served) == streams(content)
    drone = subtitled("[iso: 100] [latitude: 48.8584] [longitude: 2.2945]")
    served = sent(pair, drone, "drone.mp4")[1]
    assert b"48.8584" not in served and frames(served) == frames(drone)


def test_what_a_browser_records_has_a_length_and_can_be_wound(pair):
    path = pictures.DIRECTORY / "recorded.webm"
    with path.open("wb") as file:  # A pipe cannot be wound back, so there is no length and no index.
        subprocess.run(
            ["ffmpeg", "-v", "error", *SOURCES, *TAGS, "-c:v", "libvpx", "-c:a", "libopus", "-live", "1", "-f", "webm", "-"],
            stdout=file, check=True)
    content = path.read_bytes()
    assert "duration" not in probe(content, "format=duration")["format"]
    upload, served = sent(pair, content, "recorded.webm")
    assert 0.9 < upload["duration"] < 1.2 and upload["cleaned"] is True
    assert 0.9 < float(probe(served, "format=duration")["format"]["duration"]) < 1.2
    assert SECRET.encode() not in served and frames(served) == frames(content)


@pytest.mark.parametrize("name, kind, options", [
    ("film.ts", "video", ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "mpegts"]),
    ("film.mpg", "video", ["-c:v", "mpeg2video", "-c:a", "mp2", "-r", "25", "-f", "mpeg"]),
    ("drawing.svg", "file", None), ("sound.ape", "file", None)])
def test_what_is_not_cleaned_is_said(pair, name, kind, options):
    contents = {
        "drawing.svg": f'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><metadata>{SECRET}</metadata></svg>'.encode(),
        "sound.ape": b"MAC \x96\x0f\0\0" + struct.pack("<IIII", 52, 24, 44, 0) + bytes(100) + ape()}
    content = film(name, *options) if options else contents[name]
    upload, served = sent(pair, content, name)
    assert (upload["kind"], upload["cleaned"], served) == (kind, False, content)


def test_plain_files_say_nothing_of_metadata(pair):
    upload, served = sent(pair, b"%PDF-1.7\n" + bytes(100), "paper.pdf")
    assert "cleaned" not in upload and "visibility" not in upload


@pytest.mark.parametrize("start", [0, 1])
def test_a_poster_of_films_with_one_picture(pair, start):
    one = film(
        "song.mp4", "-map", "0:v", "-map", "1:a", "-frames:v", "1", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac",
        sources=["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1", "-f", "lavfi", "-i", "sine=duration=20"])
    two = film(
        "key.ts", "-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "1000", "-f", "mpegts",
        sources=["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=20"])
    upload, _ = sent(pair, [one, two][start], ["song.mp4", "key.ts"][start])
    assert upload["kind"] == "video" and [t["size"] for t in upload["thumbnails"]] == ["small", "medium", "large"]


def test_a_picture_of_unknown_size_makes_a_plain_file(server, pair):
    """By every way there is: the numbers of a foreign program are checked before they reach the database."""
    ana, bob, conversation = pair
    whole = film(
        "cut.ts", "-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "1000", "-f", "mpegts",
        sources=["-f", "lavfi", "-i", "testsrc=size=320x240:rate=10:duration=20"])
    content = whole[len(whole) // 2 // 188 * 188:]
    assert not probe(content, "stream=width")["streams"][0].get("width")
    by_put, _ = sent(pair, content, "cut.ts")
    form = ana.post("/upload", files={"file": ("cut.ts", content + bytes([0x47]) + bytes(187))})
    assert form.status_code == 201
    tus = {"Tus-Resumable": "1.0.0"}
    third = content + bytes([0x47]) + bytes(375)
    created = ana.request("POST", "/upload", headers={
        **tus, "Upload-Length": str(len(third)), "Upload-Metadata": "filename " + base64.b64encode(b"cut.ts").decode()})
    place = created.headers["Location"]
    place = place[place.index("/upload/"):]
    patched = ana.request("PATCH", place, data=third, headers={
        **tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
    assert patched.status_code == 204, patched.text
    head = ana.request("HEAD", place, headers=tus)
    assert head.status_code == 200 and head.headers["Upload-Offset"] == str(len(third))
    for upload in (by_put, form.json()["uploads"][0], ana.get(place).json()):
        assert upload["kind"] == "file" and "width" not in upload and upload["thumbnails"] == []
        ana.send(conversation, "", attachments=[upload["id"]])
        assert bob.get(f"/upload/{upload['id']}/file").status_code == 200


def test_a_wave_of_a_codec_that_ffmpeg_does_not_know(pair):
    """It is cleaned by its chunks, and everybody gets it."""
    def chunk(name, content):
        return name + struct.pack("<I", len(content)) + content

    format = chunk(b"fmt ", struct.pack("<HHIIHHH", 0x1234, 1, 8000, 8000, 1, 8, 0))
    plain, secret = format + chunk(b"data", bytes(range(256))), chunk(b"LIST", b"INFOIART" + struct.pack("<I", 12) + b"SecretPlace\0")
    content = b"RIFF" + struct.pack("<I", 4 + len(plain) + len(secret)) + b"WAVE" + secret + plain
    upload, served = sent(pair, content, "odd.wav")
    assert upload["cleaned"] is True and "visibility" not in upload
    assert served == b"RIFF" + struct.pack("<I", 4 + len(plain)) + b"WAVE" + plain
