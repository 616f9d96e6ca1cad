import Foundation
import Testing

@testable import Media

enum Movies {
    /// Two seconds of picture and sound, with a place in the places where cameras put it.
    static func located() throws -> [UInt8] {
        try fixture(
            "located.mp4",
            """
            ffmpeg -v error -f lavfi -i testsrc=size=320x240:rate=10:duration=2 -f lavfi -i sine=duration=2 \
            -c:v libx264 -pix_fmt yuv420p -c:a aac -metadata location=+48.8584+002.2945/ -metadata title=SecretTitle \
            -movflags use_metadata_tags+faststart -f mp4 "$out"
            exiftool -q -overwrite_original -XMP:City=SecretCity -Keys:GPSCoordinates="48.8584, 2.2945" \
            -UserData:GPSCoordinates="48.8584, 2.2945" "$out"
            """)
    }
}

@Suite(.serialized)
struct MovieTests {
    @Test func placesAndTitlesAreGoneAndEverySampleStays() async throws {
        let bytes = try Movies.located()
        #expect(try !shell("exiftool -GPSCoordinates -GPSPosition -Title -City \(bytes.asFile)").isEmpty)
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect(outcome.media.kind == .video)
            #expect((outcome.media.width, outcome.media.height) == (320, 240))
            #expect(abs((outcome.media.duration ?? 0) - 2) < 0.1)
            #expect(outcome.media.thumbnails.map(\.width) == [160, 320, 320])
            #expect(try shell("exiftool -GPSCoordinates -GPSPosition -Title -City \(outcome.served.asFile)").isEmpty)
            #expect(!outcome.served.contains("48.8584") && !outcome.served.contains("Secret"))
            let hash = "ffmpeg -v error -i %@ -map 0 -c copy -f md5 -"
            func md5(_ bytes: [UInt8]) throws -> String {
                try shell(hash.replacingOccurrences(of: "%@", with: bytes.asFile))
            }
            #expect(try md5(bytes) == md5(outcome.served))
        }
    }

    @Test func aTrackThatIsNeitherPictureNorSoundIsErasedWithItsSamples() async throws {
        let bytes = try fixture(
            "timecode.mov",
            """
            ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=25:duration=1 -c:v libx264 -pix_fmt yuv420p \
            -timecode 01:02:03:04 -f mov "$out"
            """)
        // The timecode's one sample: a frame number.
        let sample: [UInt8] = [0, 1, 0x6B, 0x97]
        #expect(bytes.firstRange(of: sample) != nil)
        let streams = "ffprobe -v error -show_entries stream=codec_type -of csv=p=0 "
        #expect(try shell(streams + bytes.asFile) == "video\ndata\n")
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect(try shell(streams + outcome.served.asFile) == "video\n")
            #expect(outcome.served.firstRange(of: sample) == nil)
            #expect(outcome.served.count == bytes.count)
        }
    }

    @Test func rotationCountsInTheSize() async throws {
        let bytes = try fixture(
            "rotated.mov",
            """
            ffmpeg -v error -f lavfi -i testsrc=size=320x240:rate=10:duration=1 -c:v libx264 -pix_fmt yuv420p "$out.mp4"
            ffmpeg -v error -i "$out.mp4" -c copy -metadata:s:v rotate=90 -f mov "$out"; rm "$out.mp4"
            """)
        try await MediaBench.run { bench in
            let media = try await bench.process(bytes).media
            #expect((media.width, media.height) == (240, 320))
            #expect((media.thumbnails.first?.width, media.thumbnails.first?.height) == (120, 160))
        }
    }

    @Test func soundHasALengthAndNoThumbnail() async throws {
        let bytes = try fixture("tone.mp3", "ffmpeg -v error -f lavfi -i sine=duration=3 -f mp3 \"$out\"")
        try await MediaBench.run { bench in
            let media = try await bench.process(bytes).media
            #expect(media.kind == .audio)
            #expect(abs((media.duration ?? 0) - 3) < 0.2)
            #expect(media.thumbnails.isEmpty)
        }
    }

    @Test func withoutFFmpegAMovieIsACleanedPlainFile() async throws {
        let bytes = try Movies.located()
        try await MediaBench.run(configure: { $0.ffmpeg = nil }) { bench in
            let outcome = try await bench.process(bytes)
            #expect(outcome.media.kind == .file)
            #expect(outcome.media.audience == .everyone)
            #expect(!outcome.served.contains("48.8584"))
        }
    }

    @Test func aMovieThatCannotBeCleanedIsTheOwnersAlone() async throws {
        let bytes = Array(try Movies.located().prefix(600))
        try await MediaBench.run { bench in
            let media = try await bench.process(bytes).media
            #expect(media.audience == .ownerOnly)
        }
    }

    /// A play list that names another file is not read, whatever its bytes look like to libmagic.
    @Test func aPlayListIsAPlainFile() async throws {
        let bytes = Array("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n".utf8)
        try await MediaBench.run { bench in
            let media = try await bench.process(bytes).media
            #expect(media.kind == .file)
        }
    }
}
