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

    @Test func theShapeOfPixelsCountsInTheSize() async throws {
        // DV and DVD: 720 × 576 stored, 1024 × 576 shown.
        let bytes = try ISOFiles.movie("-vf scale=720:576,setsar=64/45 -c:v mpeg4 -c:a aac -f mp4")
        try await MediaBench.run { bench in
            let media = try await bench.process(bytes).media
            #expect((media.width, media.height) == (1024, 576))
            #expect(media.thumbnails.map(\.width) == [160, 480, 1024])
            #expect(media.thumbnails.map(\.height) == [90, 270, 576])
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
        try await MediaBench.run {
            $0.tools.ffmpeg = nil
        } body: { bench in
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

    /// Tags of all kinds, and in sounds a cover with a place of its own.
    private static func tagged(_ arguments: String) throws -> [UInt8] {
        try ISOFiles.movie(
            """
            -metadata location=SecretPlace -metadata title=SecretTitle -metadata artist=SecretArtist \
            -metadata comment=SecretComment -metadata:s:a title=SecretSound -metadata:s:v title=SecretFilm \(arguments)
            """)
    }

    @Test(arguments: [
        ("-c:v libx264 -pix_fmt yuv420p -c:a aac -f matroska", "video/x-matroska"),
        ("-c:v libvpx -c:a libvorbis -f webm", "video/webm"),
        ("-c:v libvpx-vp9 -c:a libopus -f webm", "video/webm"),
        ("-c:v mpeg4 -c:a libmp3lame -f avi", "video/x-msvideo"), ("-c:v flv -c:a libmp3lame -f flv", "video/x-flv"),
        ("-pix_fmt yuv420p -c:v libtheora -c:a libvorbis -f ogg", "video/ogg"),
        ("-c:v wmv2 -c:a wmav2 -f asf", "video/x-ms-asf"), ("-vn -c:a pcm_s16le -f caf", "audio/x-caf"),
        ("-vn -c:a libvorbis -f ogg", "audio/ogg"), ("-vn -c:a libopus -f ogg", "audio/ogg"),
        ("-vn -c:a flac -f flac", "audio/flac"), ("-vn -c:a pcm_s16le -f wav", "audio/x-wav"),
        ("-vn -c:a pcm_s16be -f aiff -write_id3v2 1", "audio/x-aiff"), ("-vn -c:a libmp3lame -f mp3", "audio/mpeg"),
        ("-vn -c:a libmp3lame -f mp3 -write_id3v1 1", "audio/mpeg"),
    ])
    func tagsAreGoneFromEveryFormat(arguments: String, type: String) async throws {
        let bytes = try Self.tagged(arguments)
        // ASF has two bytes a letter.
        let secrets: [[UInt8]] = [Array("Secret".utf8), "Secret".utf16.flatMap { [UInt8($0), 0] }]
        #expect(secrets.contains { bytes.firstRange(of: $0) != nil })
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect(outcome.media.type == type && outcome.media.audience == .everyone)
            #expect(outcome.media.kind == (type.hasPrefix("video") ? .video : .audio))
            #expect(secrets.allSatisfy { outcome.served.firstRange(of: $0) == nil })
            #expect(outcome.media.cleaned?.size == outcome.served.count)
            #expect(try ISOFiles.frames(outcome.served) == ISOFiles.frames(bytes))
            #expect(try Sniffer.type(of: outcome.served) == type)
        }
    }

    @Test func subtitlesStay() async throws {
        let words = Array("1\n00:00:00,000 --> 00:00:01,000\nWords to read\n".utf8)
        let bytes = try fixture(
            "subtitles.mkv",
            """
            ffmpeg -v error -i \(try Self.tagged("-c:v libx264 -pix_fmt yuv420p -f matroska").asFile) -f srt \
            -i \(try words.asFile) -map 0 -map 1 -c copy -f matroska "$out"
            """)
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect(outcome.served.contains("Words to read") && !outcome.served.contains("Secret"))
        }
    }

    @Test func aCoverIsGone() async throws {
        let song = try Self.tagged("-vn -c:a libmp3lame -f mp3").asFile
        let cover = try Photos.jpeg().asFile
        for format in ["mp3", "flac"] {
            let codec = format == "mp3" ? "copy" : "flac"
            let bytes = try fixture(
                "cover.\(format)",
                """
                ffmpeg -v error -i \(song) -i \(cover) -map 0:a -map 1:v -c:v copy -c:a \(codec) \
                -disposition:v attached_pic -f \(format) "$out"
                """)
            #expect(bytes.contains("SecretCam"))
            try await MediaBench.run { bench in
                let outcome = try await bench.process(bytes)
                #expect(outcome.media.kind == .audio && outcome.media.audience == .everyone)
                #expect(!outcome.served.contains("Secret"))
                #expect(try ISOFiles.sound(outcome.served) == ISOFiles.sound(bytes))
            }
        }
    }

    /// Every tag that stands before or behind an MP3, one after another.
    @Test func allTagsOfAnMP3AreCutOff() throws {
        // Frames of 64 kbit/s at 48 kHz: 192 bytes.
        let sound = (0..<3).flatMap { _ in [0xFF, 0xFB, 0x54, 0xC4] + [UInt8](repeating: 0x55, count: 188) }
        let text = Array("SecretText".utf8)
        let id3 = Array("ID3".utf8) + [4, 0, 0, 0, 0, 0, 10] + text
        let withFooter =
            Array("ID3".utf8) + [4, 0, 0x10, 0, 0, 0, 10] + text + Array("3DI".utf8) + [4, 0, 0x10, 0, 0, 0, 10]
        func ape(_ flags: UInt8) -> [UInt8] {
            Array("APETAGEX".utf8) + [0xD0, 7, 0, 0, 42, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, flags]
                + [UInt8](repeating: 0, count: 8)
        }
        let id3v1 = Array("TAG".utf8) + text + [UInt8](repeating: 0, count: 115)
        let enhanced = Array("TAG+".utf8) + text + [UInt8](repeating: 0, count: 213) + id3v1
        let lyrics = Array("LYRICSBEGIN".utf8) + text + Array("000021LYRICS200".utf8)
        let apeTag = ape(0xA0) + text + ape(0x80)
        for (front, back) in [
            (id3, []), (id3 + id3, id3v1), (withFooter, apeTag + id3v1), (apeTag, withFooter), ([], lyrics + id3v1),
            (id3, apeTag + enhanced), ([], text + ape(0)), (id3 + [0, 0, 0], id3v1 + [0, 0, 0] + id3v1),
            ([], Array("LYRICSBEGIN".utf8) + text + Array("LYRICSEND".utf8) + id3v1), (text, Array("PK".utf8) + text),
        ] as [([UInt8], [UInt8])] {
            #expect(try CleanerFuzzTests.apply(SoundCleaner.mpeg, front + sound + back) == sound)
        }
        #expect(throws: MalformedFile.self) { try CleanerFuzzTests.apply(SoundCleaner.mpeg, id3 + id3v1) }
    }

    @Test func whatCannotBeCleanedIsTheOwnersAlone() async throws {
        let film = try Self.tagged("-c:v libvpx -c:a libvorbis -f webm")
        let song = try Self.tagged("-vn -c:a libmp3lame -f mp3")
        try await MediaBench.run {
            $0.tools.ffmpeg = nil
        } body: { bench in
            let plain = try await bench.process(film)
            #expect(plain.media.audience == .everyone && plain.media.kind == .file && plain.media.isCleaned == true)
            #expect(!plain.served.contains("Secret"))
            let received = try Self.tagged("-c:v mpeg4 -c:a libmp3lame -f avi")
            let other = try await bench.process(received)
            #expect(other.media.audience == .everyone && other.media.kind == .file && other.media.isCleaned == false)
            #expect(other.served == received)
            let outcome = try await bench.process(song)
            #expect(outcome.media.audience == .everyone && !outcome.served.contains("Secret"))
        }
        try await MediaBench.run { bench in
            let media = try await bench.process(Array(film.prefix(60))).media
            #expect(media.audience == .ownerOnly)
        }
    }
}
