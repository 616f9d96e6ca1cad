"""A run over every picture, film and sound below a folder, `PARLEY_CORPUS`: no refusal by the server's own fault, no
metadata in what others get, and no picture whose thumbnail differs from what Chromium paints.

    mkdir corpus && cd corpus && apt-get source --download-only pillow exiv2 tiff libheif taglib && for a in *.orig.tar.*; do tar xf $a; done
    PARLEY_CORPUS=corpus .build/venv/bin/python -m pytest Tests/e2e/web/test_web_corpus.py -s
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess

import pytest

CORPUS = os.environ.get("PARLEY_CORPUS")
# Levels of mean difference, of 255.
MOST = 7
MAX_BYTES = 100_000_000
KINDS = """jpg jpeg jpe jfif png apng gif webp tif tiff heic heif hif heics avif avifs bmp ico svg jxl jp2 j2k jpx psd cr2 cr3 nef
    dng orf rw2 arw raf pef mp4 m4v mov webm mkv mka avi flv 3gp 3g2 wmv asf mpg mpeg ts mts m2ts ogv ogg oga opus spx mp3 mp2 m4a
    m4b aac flac wav aif aiff caf amr wma ape mpc wv tta au qt jps mpo insp""".split()

# What exiftool reports of any file, and what says how to decode it. Groups of family 1.
FREE_GROUPS = re.compile(
    r"ExifTool|System|File|Composite|JFIF|ICC_Profile\d*|ICC-.*|PNG-pHYs|PNG-cICP|APP14|Adobe|GIF|RIFF|WEBP|Track\d+|MPEG|"
    r"Chapter|Info\d*|FLAC|Ogg|Opus|AAC|Meta|JPEG-HDR|SVG|Jpeg2000|Real|Matroska|EBML|Stream\d*|ASF|AIFF|Flash|QuickTime|PNG")
FREE_TAGS = set("""
    ImageWidth ImageHeight ImageSize Megapixels BitsPerSample Compression PhotometricInterpretation FillOrder StripOffsets
    Orientation SamplesPerPixel RowsPerStrip StripByteCounts XResolution YResolution PlanarConfiguration ResolutionUnit Predictor
    ColorMap TileWidth TileLength TileOffsets TileByteCounts ExtraSamples SampleFormat YCbCrSubSampling YCbCrPositioning
    YCbCrCoefficients ReferenceBlackWhite PageNumber SubfileType OldSubfileType T4Options T6Options TransferFunction WhitePoint
    PrimaryChromaticities JPEGTables HalftoneHints InkSet NumberofInks DotRange SMinSampleValue SMaxSampleValue Thresholding
    XPosition YPosition GrayResponseUnit GrayResponseCurve MinSampleValue MaxSampleValue BadFaxLines CleanFaxData
    ConsecutiveBadFaxLines CellWidth CellLength FreeOffsets ExifByteOrder Vendor Encoder AudioChannels SampleRate NominalBitrate MaximumBitrate MinimumBitrate
    PreviewImageStart PreviewImageLength PreviewImage
""".split())
# Even in a group that is free.
NEVER = re.compile(
    r"GPS|Latitude|Longitude|Location|Artist|Author|Creator|Copyright|Title|Comment|Description|Album|Genre|Keywords|Make$|"
    r"CameraModel|^Model$|SerialNumber|Software|CreateDate|ModifyDate|DateTimeOriginal|CreationTime|Performer|Composer|Lyrics|"
    r"Picture$|CoverArt|Owner|Publisher|Rating|EncodedBy|Text\b|Handler(Vendor|Description)")

PAINT = """async ([picture, thumbnail]) => {
    const load = async (url) => {
        const image = new Image();
        image.src = url;
        await image.decode();
        // Of an animation, a bitmap is the first frame, however late it is painted. Drawings cannot become one.
        const blob = await (await fetch(url)).blob();
        return blob.type.startsWith("image/svg") ? image : await createImageBitmap(blob);
    };
    let one, other;
    try { one = await load(picture); } catch { return null; }
    other = await load(thumbnail);
    const [width, height] = [other.naturalWidth ?? other.width, other.naturalHeight ?? other.height];
    // This is about colors, and each program shrinks details in its own way: squares of some pixels are compared.
    const edge = Math.max(1, Math.floor(Math.max(width, height) / 120));
    const paint = (image) => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [width, height];
        const context = canvas.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.fillStyle = "white";
        context.fillRect(0, 0, width, height);
        context.drawImage(image, 0, 0, width, height);
        const pixels = context.getImageData(0, 0, width, height).data;
        const columns = Math.ceil(width / edge), sums = new Float64Array(columns * Math.ceil(height / edge) * 3);
        for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++)
                for (let band = 0; band < 3; band++)
                    sums[(Math.floor(y / edge) * columns + Math.floor(x / edge)) * 3 + band] += pixels[(y * width + x) * 4 + band];
        return sums;
    };
    const [painted, shown] = [paint(one), paint(other)];
    return painted.reduce((sum, value, place) => sum + Math.abs(value - shown[place]), 0) / (width * height * 3);
}"""

# Files that Chromium paints otherwise than what others get, and why. WebP is compared as it is served: Chromium does not turn it.
OTHERWISE = {
    "num_plays_1.png": "its fallback picture is none of its animation's", "no-eoi.gif": "Chromium paints nothing of it",
    "issue_2811.gif": "Chromium paints nothing of it", "bug696331.png": "cut short", "premature-end.jpg": "cut short",
    "bug725582-testrotate.jpg": "Chromium takes no orientation of four bytes",
    "bug143608-comment.jpg": "Chromium takes no orientation of four bytes",
    "dispose_bgnd_transparency.gif": "a small drawing that moves, which is coded with loss: 7.04 levels",
    "test-animation.gif": "a small drawing that moves, which is coded with loss: 8.3 levels",
    "transparent_dispose.gif": "a small drawing that moves, which is coded with loss: 7.9 levels",
    "high-color.gif": "its frames build up one picture, and Chromium paints a later one",
    "no-clear-and-eoi.gif": "Chromium paints nothing of it", "chunk_no_fdat.png": "its frames have no data",
    "bug00104_1_exp.png": "single pixels of two colors, which Chromium does not mix",
}

pytestmark = pytest.mark.skipif(not CORPUS, reason="PARLEY_CORPUS names no folder")


def files():
    """Each content once."""
    seen = set()
    for path in sorted(pathlib.Path(CORPUS).resolve().rglob("*")):
        if path.suffix[1:].lower() in KINDS and path.is_file() and 0 < path.stat().st_size <= MAX_BYTES:
            digest = hashlib.sha256(path.read_bytes()).digest()
            if digest not in seen:
                seen.add(digest)
                yield path


def metadata_left(directory):
    """What exiftool finds in each file of a directory that is no fact of its coding."""
    output = subprocess.run(
        ["exiftool", "-q", "-json", "-a", "-G1", "-ee", "-api", "LargeFileSupport=1", str(directory)],
        capture_output=True, text=True).stdout
    for facts in json.loads(output or "[]"):
        left = []
        for name, value in facts.items():
            group, _, tag = name.rpartition(":")
            if not group or tag in FREE_TAGS or value in ("", 0, "0000:00:00 00:00:00"):
                continue
            if NEVER.search(tag) and group not in ("System", "File") and not group.startswith("ICC") or not FREE_GROUPS.fullmatch(group):
                left.append(f"{name}={str(value)[:60]}")
        if left:
            yield pathlib.Path(facts["SourceFile"]).name, left


@pytest.fixture(scope="module")
def uploaded(server):
    person, friend = server.people("ana", "bob")
    conversation = person.direct(friend)
    problems, uploads = [], []

    def upload(path):
        answer = person.request("PUT", "/upload/" + path.name.encode("ascii", "replace").decode().replace("?", "_").replace(
            "#", "_").replace("%", "_"), data=path.read_bytes())
        return path, answer

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for path, answer in pool.map(upload, files()):
            if answer.status_code != 201:
                problems.append(f"{path}: {answer.status_code} {answer.text[:200]}")
            else:
                uploads.append((path, answer.json()["uploads"][0]))
    for start in range(0, len(uploads), 10):
        person.send(conversation, "", attachments=[upload["id"] for _, upload in uploads[start:start + 10]])
    return server, friend, uploads, problems


def report(name, problems):
    """The list is long: it is written to a file as well."""
    (pathlib.Path(os.environ.get("PARLEY_CORPUS_REPORT", CORPUS)) / f"found-{name}.txt").write_text(
        "".join(f"{problem}\n" for problem in problems))
    assert not problems, "\n".join(problems[:50])


def test_every_file_is_taken_and_no_worker_fails(uploaded):
    server, _, uploads, problems = uploaded
    assert uploads
    kinds = {}
    for path, upload in uploads:
        key = (upload["type"], upload["kind"], upload.get("cleaned"), upload.get("visibility"), bool(upload["thumbnails"]))
        kinds.setdefault(key, []).append(path)
    for key, paths in sorted(kinds.items(), key=str):
        print(len(paths), *key, *paths[:2])
    failures = [line for line in server.log_file.read_text(errors="replace").splitlines() if "worker failed" in line]
    report("refused", problems + failures)


def test_others_get_no_metadata(uploaded, tmp_path):
    _, friend, uploads, _ = uploaded
    problems, names = [], {}
    for index, (path, upload) in enumerate(uploads):
        if upload.get("cleaned") is not True:
            continue
        answer = friend.get(f"/upload/{upload['id']}/file")
        if answer.status_code != 200:
            problems.append(f"{path}: {answer.status_code} for another person")
            continue
        name = f"{index}{path.suffix.lower()}"
        names[name] = path
        (tmp_path / name).write_bytes(answer.content)
    problems += [f"{names[name]}: {', '.join(left)}" for name, left in metadata_left(tmp_path)]
    report("metadata", problems)


def test_thumbnails_are_as_chromium_paints(uploaded, browser):
    server, _, uploads, _ = uploaded
    page = browser.new_page()
    originals = {}
    page.route("**/corpus/", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page.route("**/corpus/*.*", lambda route: route.fulfill(
        path=originals[route.request.url.rsplit("/", 1)[1]][0],
        content_type=originals[route.request.url.rsplit("/", 1)[1]][1]))
    page.goto(server.url + "/corpus/")
    problems, compared = [], 0
    for index, (path, upload) in enumerate(uploads):
        if upload["kind"] != "image" and not upload["type"].startswith("image/") or upload.get("visibility"):
            continue
        name = f"{index}.bin"
        originals[name] = path, upload["type"]
        medium = next((t["url"] for t in upload["thumbnails"] if t["size"] == "medium"), None)
        if medium is None:
            continue
        difference = page.evaluate(
            PAINT, [upload["url"] if upload["type"] == "image/webp" else f"/corpus/{name}", medium])
        if difference is None:
            continue
        compared += 1
        if difference > MOST and not any(path.name.endswith(name) for name in OTHERWISE):
            problems.append(f"{difference:.1f} {path}")
    print(compared, "compared")
    page.close()
    report("colors", sorted(problems, reverse=True))
