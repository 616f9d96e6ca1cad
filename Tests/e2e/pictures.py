"""Pictures and videos for the tests, made by the commands of libvips, exiftool and ffmpeg."""

import functools
import json
import pathlib
import subprocess
import tempfile

_directory = tempfile.TemporaryDirectory(prefix="parley-pictures-")
DIRECTORY = pathlib.Path(_directory.name)

RED, BLUE = bytes((220, 20, 20)), bytes((20, 20, 220))
METADATA = [
    "-GPSLatitude=48.8584", "-GPSLatitudeRef=N", "-GPSLongitude=2.2945", "-GPSLongitudeRef=E", "-Make=SecretCam",
    "-XMP:City=SecretCity"]


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@functools.cache
def picture(kind, width=400, height=300, orientation=1, options=""):
    """A picture whose stored left half is red and right half blue, with GPS and other metadata where the format allows it."""
    source = DIRECTORY / f"{width}x{height}.ppm"
    if not source.exists():
        row = RED * (width // 2) + BLUE * (width - width // 2)
        source.write_bytes(b"P6 %d %d 255\n" % (width, height) + row * height)
    photo = DIRECTORY / f"{width}x{height}-{orientation}.jpg"
    if not photo.exists():
        run("vips", "copy", str(source), str(photo))
        run("exiftool", "-q", "-overwrite_original", "-n", f"-Orientation={orientation}", *METADATA, str(photo))
    if kind == "jpg":
        return photo.read_bytes()
    converted = DIRECTORY / f"{width}x{height}-{orientation}.{kind}"
    run("vips", "copy", str(photo), f"{converted}{options}")
    return converted.read_bytes()


@functools.cache
def moving(kind, *options):
    """A video or an animation of one second."""
    path = DIRECTORY / f"moving.{kind}"
    run("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=5:duration=1", *options, str(path))
    return path.read_bytes()


def metadata(content, name):
    """The metadata that exiftool finds in a file."""
    path = DIRECTORY / name
    path.write_bytes(content)
    output = subprocess.run(["exiftool", "-json", "-n", str(path)], capture_output=True, text=True, check=True).stdout
    return json.loads(output)[0]


def pixel(content, name, x, y):
    """Red, green and blue of one pixel."""
    path = DIRECTORY / name
    path.write_bytes(content)
    output = subprocess.run(["vips", "getpoint", str(path), str(x), str(y)], capture_output=True, text=True, check=True).stdout
    return [round(float(value)) for value in output.split()[:3]]
