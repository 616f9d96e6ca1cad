"""HEIC, AVIF, TIFF and WebP pictures as JPEG: made once, kept, and gone with their content."""

import concurrent.futures

import pytest

from parley import assert_problem, until
from pictures import metadata, moving, picture, pixel
from test_verification import verify
from uploading import temporaries

# A photo on its side: 300 × 400 once it is turned, red where it was left.
TURNED = {"width": 300, "height": 400, "orientation": 6}


@pytest.fixture(scope="module")
def alice(server):
    return server.person("alice")


def copies(server):
    return list((server.storage / "uploads").glob("??/??/*.jpeg"))


def as_jpeg(server, upload, **options):
    return server.request("GET", upload["url"] + "&format=jpeg", **options)


@pytest.mark.parametrize("kind, options", [
    ("avif", ["-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv420p", "-f", "avif"]), ("webp", ["-loop", "0"])])
def test_the_first_frame_of_one_that_moves(server, alice, kind, options):
    upload = alice.upload(moving(kind, *options), f"moving.{kind}")
    assert upload["kind"] == "image" and upload["thumbnails"]
    answer = as_jpeg(server, upload)
    assert answer.status_code == 200, answer.text
    facts = metadata(answer.content, f"copy-of-moving-{kind}.jpg")
    assert (facts["ImageWidth"], facts["ImageHeight"], facts["FileType"]) == (320, 240, "JPEG")


@pytest.mark.parametrize("kind", ["heic", "avif", "tif", "webp"])
def test_a_picture_as_jpeg(server, alice, kind):
    upload = alice.upload(picture(kind, orientation=6), f"sea.{kind}")
    assert upload["kind"] == "image"
    answer = as_jpeg(server, upload)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "image/jpeg", answer.text
    assert 'inline; filename="sea.jpg"' in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and "max-age" in answer.headers["Cache-Control"]
    facts = metadata(answer.content, f"copy-of-{kind}.jpg")
    assert (facts["ImageWidth"], facts["ImageHeight"]) == (upload["width"], upload["height"])
    assert not any("GPS" in name or "Make" in name or "City" in name for name in facts), facts
    # As its thumbnails show it.
    large = server.request("GET", next(t for t in upload["thumbnails"] if t["size"] == "large")["url"]).content
    for x, y in ((20, 20), (upload["width"] - 20, upload["height"] - 20)):
        copied, shown = pixel(answer.content, f"copy-of-{kind}.jpg", x, y), pixel(large, f"large-of-{kind}.webp", x, y)
        assert all(abs(a - b) < 12 for a, b in zip(copied, shown)), (copied, shown)

    plain = server.request("GET", upload["url"])
    assert plain.headers["ETag"] != answer.headers["ETag"]
    again = as_jpeg(server, upload, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    part = as_jpeg(server, upload, headers={"Range": "bytes=2-9"})
    assert part.status_code == 206 and part.content == answer.content[2:10]
    head = server.request("HEAD", upload["url"] + "&format=jpeg")
    assert head.status_code == 200 and head.headers["Content-Length"] == str(len(answer.content))
    assert not temporaries(server)


def test_who_may_have_it(server, alice):
    eve = server.person("eve")
    upload = alice.upload(picture("heic", 200, 100), "x.heic")
    assert alice.get(f"/upload/{upload['id']}/file?format=jpeg").status_code == 200
    assert_problem(eve.get(f"/upload/{upload['id']}/file?format=jpeg"), 404, "not_found")
    assert_problem(server.request("GET", f"/upload/{upload['id']}/file?format=jpeg"), 401, "unauthenticated")
    assert_problem(
        server.request("GET", f"/upload/{upload['id']}/file?format=jpeg&token=x"), 401, "unauthenticated")


def test_other_files_have_none(server, alice):
    for content, name in ((picture("jpg"), "a.jpg"), (picture("png"), "a.png"), (b"text", "a.txt")):
        answer = as_jpeg(server, alice.upload(content, name))
        assert_problem(answer, 422, "validation_failed", "format")
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in answer.headers["Content-Security-Policy"]
    upload = alice.upload(picture("tif"), "a.tif")
    for other in ("png", "", "JPEG"):
        assert_problem(server.request("GET", f"{upload['url']}&format={other}"), 422, "validation_failed", "format")
    # A picture that cannot be decoded is its owner's alone, as a file.
    broken = alice.upload(picture("heic")[:3000], "broken.heic")
    assert alice.get(f"/upload/{broken['id']}/file?format=jpeg").status_code in (404, 422)


def test_a_storm_makes_one(server, alice):
    upload = alice.upload(picture("tif", 3000, 2000), "large.tif")
    before = len(copies(server))
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: as_jpeg(server, upload), range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(copies(server)) == before + 1 and not temporaries(server)


def test_it_is_kept_and_goes_with_its_content(start_server, tmp_path):
    server = start_server()
    alice = server.person()
    upload = alice.upload(picture("heic", 320, 240), "x.heic")
    first = as_jpeg(server, upload).content
    [file] = copies(server)
    made = file.stat().st_ino
    server.kill()
    server.restart()
    assert as_jpeg(server, upload).content == first and file.stat().st_ino == made, "not made again"
    assert verify(server).stdout == "ok\n"
    # Whatever happens to it, it can be made again.
    file.unlink()
    assert as_jpeg(server, upload).content == first
    served = alice.get(f"/upload/{upload['id']}/file").content
    assert len(served) > 0 and oct(next(
        path for path in file.parent.iterdir() if path.name == upload["sha256"]).stat().st_mode & 0o777) == "0o600"
    assert alice.request("DELETE", f"/upload/{upload['id']}").status_code == 204
    until(lambda: not copies(server), "the copy to go")
