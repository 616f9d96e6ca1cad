"""The colors of thumbnails, measured against what Chromium paints for the picture itself."""

import base64
import pathlib
import struct
import subprocess
import tempfile
import zlib

import pytest

MOST = 7
"""Levels of mean difference, of 255."""

# Both are painted at the thumbnail's size on white: the sum of their differences, for each of the three colors of a pixel.
DIFFERENCE = """async ([picture, type, thumbnail]) => {
    const load = async (data, type) => {
        const image = new Image();
        image.src = `data:${type};base64,${data}`;
        await image.decode();
        return image;
    };
    const [one, other] = [await load(picture, type), await load(thumbnail, "image/webp")];
    const paint = (image) => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [other.naturalWidth, other.naturalHeight];
        const context = canvas.getContext("2d");
        context.fillStyle = "white";
        context.fillRect(0, 0, canvas.width, canvas.height);
        context.drawImage(image, 0, 0, canvas.width, canvas.height);
        return context.getImageData(0, 0, canvas.width, canvas.height).data;
    };
    const [painted, shown] = [paint(one), paint(other)];
    return painted.reduce((sum, value, place) => sum + Math.abs(value - shown[place]), 0) / (painted.length * 0.75);
}"""

ROWS = [[(x * 4, y * 4, (x + y) * 2) for x in range(64)] for y in range(64)]
SRGB = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
WIDE = (31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600)


# At the corners of a table, decoders need not agree on how to interpolate.
CORNERS = [[(255 * (x > 31), 255 * (y > 31), 255 * (x + y > 63)) for x in range(64)] for y in range(64)]

# What an icon has, and lossy coding blurs: one color next to another.
DOTS = [[(255, 0, 0) if (x + y) % 2 else (0, 0, 255) for x in range(64)] for y in range(64)]


def png(*chunks, gray=False, rows=ROWS):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    pixels = b"".join(b"\0" + b"".join(bytes(p[:1] if gray else p) for p in row) for row in rows)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*c) for c in (
        (b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0 if gray else 2, 0, 0, 0)), *chunks,
        (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")))


def gamma(value):
    return b"gAMA", struct.pack(">I", value)


def chromaticities(values):
    return b"cHRM", struct.pack(">8I", *values)


def gif(transparent_elsewhere=False):
    """A frame in the midst of a canvas that nothing else covers."""
    header = b"GIF89a" + struct.pack("<HHBBB", 40, 40, 0x80, 0, 0) + bytes((255, 0, 0, 0, 0, 255))
    control = b"\x21\xf9\4\0\0\0\0\0" if transparent_elsewhere else b""
    frame = b"\x2c" + struct.pack("<HHHHB", 16, 16, 8, 8, 0) + bytes((2, 7, 0x84, 0x8F, 0xA9, 0xCB, 0xED, 0x0F, 0xA3, 0))
    return header + control + frame + b"\x3b"


def profile():
    """An ICC profile with one table, for the perceptual intent alone: it makes green of red, blue of green, red of blue."""
    lab = {(1, 0, 0): (88, -79, 81), (0, 1, 0): (30, 68, -112), (0, 0, 1): (54, 81, 70), (0, 0, 0): (0, 0, 0),
           (1, 1, 1): (100, 0, 0), (1, 1, 0): (91, -50, -15), (0, 1, 1): (60, 94, -60), (1, 0, 1): (97, -16, 93)}
    grid = b"".join(
        bytes((round(v[0] * 2.55), round(v[1] + 128), round(v[2] + 128)))
        for v in (lab[r, g, b] for r in (0, 1) for g in (0, 1) for b in (0, 1)))
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1\0\0\0\0" + bytes((3, 3, 2, 0)) + identity + bytes(range(256)) * 3 + grid + bytes(range(256)) * 3
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"swap\0" + bytes(78)
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    parts = {b"desc": text, b"cprt": b"text\0\0\0\0none\0", b"wtpt": white, b"A2B0": table}
    place, directory, data = 128 + 4 + 12 * len(parts), b"", b""
    for name, content in parts.items():
        content += bytes(-len(content) % 4)
        directory += name + struct.pack(">II", place + len(data), len(content))
        data += content
    header = struct.pack(">I", place + len(data)) + b"lcms" + b"\2\x40\0\0" + b"mntrRGB Lab " + bytes(12) + b"acsp"
    header = header.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(parts)) + directory + data


def converted(suffix, *command, rows=ROWS):
    """What a command makes of the plain picture; {} are its names."""
    with tempfile.TemporaryDirectory() as directory:
        source, target = pathlib.Path(directory, "plain.png"), pathlib.Path(directory, f"made.{suffix}")
        source.write_bytes(png(rows=rows))
        pathlib.Path(directory, "swap.icc").write_bytes(profile())
        names = {"source": str(source), "target": str(target), "directory": directory}
        subprocess.run([part.format(**names) for part in command], check=True, stderr=subprocess.DEVNULL)
        if suffix == "cmyk.jpg":
            subprocess.run(["exiftool", "-q", "-overwrite_original", "-ICC_Profile:all=", str(target)], check=True)
        return target.read_bytes()


def avif(primaries, transfer, matrix):
    conversion = {"bt2020nc": "bt2020", "bt709": "bt709", "smpte170m": "smpte170m"}[matrix]
    return converted(
        "avif", "ffmpeg", "-v", "error", "-i", "{source}", "-vf", f"scale=out_color_matrix={conversion}:out_range=tv",
        "-pix_fmt", "yuv420p10le", "-color_primaries", primaries, "-color_trc", transfer, "-colorspace", matrix, "-c:v",
        "libaom-av1", "-cpu-used", "8", "-still-picture", "1", "-crf", "5", "-f", "avif", "{target}")


PICTURES = {
    "plain.png": png, "dots.png": lambda: png(rows=DOTS), "gamma1.png": lambda: png(gamma(100_000)), "gray.png": lambda: png(gamma(100_000), gray=True),
    "gamma1.8.png": lambda: png(gamma(55_555), chromaticities(SRGB)), "wide.png": lambda: png(gamma(45_455), chromaticities(WIDE)),
    "chromaticities.png": lambda: png(chromaticities(WIDE)), "srgb.png": lambda: png((b"sRGB", b"\0"), gamma(100_000)),
    "pq.png": lambda: png((b"cICP", bytes((9, 16, 0, 1)))), "hlg.png": lambda: png((b"cICP", bytes((9, 18, 0, 1)))),
    "bt2020.png": lambda: png((b"cICP", bytes((9, 14, 0, 1)))), "p3.png": lambda: png((b"cICP", bytes((12, 13, 0, 1)))),
    "pq.avif": lambda: avif("bt2020", "smpte2084", "bt2020nc"), "hlg.avif": lambda: avif("bt2020", "arib-std-b67", "bt2020nc"),
    "bt2020.avif": lambda: avif("bt2020", "bt2020-10", "bt2020nc"), "p3.avif": lambda: avif("smpte432", "iec61966-2-1", "bt709"),
    "linear.avif": lambda: avif("bt709", "linear", "bt709"), "sd.avif": lambda: avif("smpte170m", "smpte170m", "smpte170m"),
    "inks.jpg": lambda: converted(
        "cmyk.jpg", "vips", "icc_export", "{source}", "{target}", "--output-profile", "cmyk"),
    "inks-with-profile.jpg": lambda: converted(
        "jpg", "vips", "icc_export", "{source}", "{target}", "--output-profile", "cmyk"),
    "perceptual.jpg": lambda: converted("jpg", "vips", "copy", "{source}", "{target}[profile={directory}/swap.icc]", rows=CORNERS),
    "canvas.gif": gif, "canvas-with-control.gif": lambda: gif(True),
}


@pytest.fixture(scope="module")
def painter(browser, server):
    page = browser.new_page()
    yield page, server.person("painter")
    page.close()


def difference(painter, server, content, upload):
    page, _ = painter
    thumbnail = server.request("GET", next(t["url"] for t in upload["thumbnails"] if t["size"] == "medium")).content
    encoded = [base64.b64encode(bytes).decode() for bytes in (content, thumbnail)]
    return page.evaluate(DIFFERENCE, [encoded[0], upload["type"], encoded[1]])


@pytest.mark.parametrize("name", PICTURES)
def test_a_thumbnail_has_the_colors_of_its_picture(painter, server, name):
    content = PICTURES[name]()
    upload = painter[1].upload(content, name)
    assert difference(painter, server, content, upload) <= MOST


@pytest.mark.parametrize("name", [name for name in PICTURES if name.endswith(".avif")])
def test_a_jpeg_copy_has_the_colors_of_its_picture(painter, server, name):
    content = PICTURES[name]()
    upload = painter[1].upload(content, name)
    copy = server.request("GET", upload["url"] + "&format=jpeg")
    assert copy.headers["Content-Type"] == "image/jpeg", copy.text
    encoded = [base64.b64encode(bytes).decode() for bytes in (content, copy.content)]
    assert painter[0].evaluate(DIFFERENCE, [encoded[0], upload["type"], encoded[1]]) <= MOST


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("across, down, is_studio", [(2, 2, False), (2, 1, False), (2, 2, True), (1, 1, True)])
def test_a_tiff_with_fewer_color_differences_than_pixels(painter, server, order, across, down, is_studio):
    """Chromium shows no TIFF; the same numbers in a PNG are what it must look like."""
    def numbers(red, green, blue):
        y = 0.299 * red + 0.587 * green + 0.114 * blue
        y, b, r = y, (blue - y) * 0.564, (red - y) * 0.713
        return (16 + y * 219 / 255, 128 + b * 224 / 255, 128 + r * 224 / 255) if is_studio else (y, 128 + b, 128 + r)

    pixels = bytearray()
    for top in range(0, 64, down):
        for left in range(0, 64, across):
            unit = [numbers(*ROWS[top + y][left + x]) for y in range(down) for x in range(across)]
            pixels += bytes(round(y) for y, _, _ in unit)
            pixels += bytes(round(sum(n[i] for n in unit) / len(unit)) for i in (1, 2))
    range_of = (16, 235, 128, 240, 128, 240) if is_studio else (0, 255, 128, 255, 128, 255)
    after = 8 + len(pixels)
    fields = [(256, 3, 1, 64), (257, 3, 1, 64), (258, 3, 3, after), (259, 3, 1, 1), (262, 3, 1, 6), (271, 2, 7, after + 6),
              (273, 4, 1, 8), (277, 3, 1, 3), (278, 3, 1, 64), (279, 4, 1, len(pixels)), (530, 3, 2, (across, down)),
              (532, 5, 6, after + 14)]
    data = bytearray(b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", after + 14 + 48) + pixels
    data += struct.pack(order + "HHH", 8, 8, 8) + b"Secret\0\0"
    data += b"".join(struct.pack(order + "II", number, 1) for number in range_of) + struct.pack(order + "H", len(fields))
    for tag, kind, count, value in fields:
        data += struct.pack(order + "HHI", tag, kind, count)
        values = value if isinstance(value, tuple) else (value, 0)
        data += struct.pack(order + "HH", *values) if kind == 3 and count < 3 else struct.pack(order + "I", value)
    upload = painter[1].upload(bytes(data + bytes(4)), "ycbcr.tif")
    assert upload["kind"] == "image" and "visibility" not in upload and upload["cleaned"] is True
    assert (upload["width"], upload["height"]) == (64, 64)
    assert difference(painter, server, png(), {**upload, "type": "image/png"}) <= MOST
    assert b"Secret" not in server.request("GET", upload["url"]).content
    assert server.request("GET", upload["url"] + "&format=jpeg").status_code == 200


def test_a_tiff_of_luminance_and_color_differences(painter, server):
    """Chromium shows no TIFF; the same numbers in a PNG are what it must look like."""
    def differences(red, green, blue):
        y = 0.299 * red + 0.587 * green + 0.114 * blue
        return y, 128 + (blue - y) * 0.564, 128 + (red - y) * 0.713

    pixels = b"".join(bytes(round(v) for v in differences(*p)) for row in ROWS for p in row)
    fields = [(256, 3, 1, 64), (257, 3, 1, 64), (258, 3, 3, 8 + len(pixels)), (259, 3, 1, 1), (262, 3, 1, 6), (273, 4, 1, 8),
              (277, 3, 1, 3), (278, 3, 1, 64), (279, 4, 1, len(pixels)), (530, 3, 2, 1 << 16 | 1)]
    place = 8 + len(pixels) + 6
    tiff = b"II*\0" + struct.pack("<I", place) + pixels + struct.pack("<HHH", 8, 8, 8) + struct.pack("<H", len(fields))
    tiff += b"".join(struct.pack("<HHII", *field) for field in fields) + bytes(4)
    upload = painter[1].upload(tiff, "ycbcr.tif")
    assert upload["kind"] == "image"
    assert difference(painter, server, png(), {**upload, "type": "image/png"}) <= MOST
    assert painter[1].get(f"/upload/{upload['id']}/file").content == tiff, "it had no metadata"
