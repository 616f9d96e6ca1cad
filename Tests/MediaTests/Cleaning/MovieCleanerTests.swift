import Foundation
import Testing

@testable import Media

/// What may stand in a movie beside its pictures and its sound.
@Suite(.serialized)
struct MovieCleanerTests {
    private func clean(_ bytes: [UInt8]) throws -> [UInt8] { try CleanerFuzzTests.apply(MovieCleaner.plan, bytes) }

    private static let stbl = "moov/trak/mdia/minf/stbl"

    @Test(arguments: [
        ("", "GPS "), ("", "uuid"), ("", "meta"), ("", "udta"), ("", "free"), ("moov", "©xyz"), ("moov", "loci"),
        ("moov", "xml "), ("moov", "gps "), ("moov", "AMBA"), ("moov", "udta"), ("moov", "meta"), ("moov", "skip"),
        ("moov/trak", "©xyz"), ("moov/trak", "Xtra"), ("moov/trak", "uuid"), ("moov/trak/edts", "©xyz"),
        ("moov/trak/mdia", "loci"), ("moov/trak/mdia/minf", "©xyz"), ("moov/trak/mdia/minf/dinf", "©xyz"),
        (stbl, "©xyz"), (stbl, "uuid"), (stbl + "/stsd/avc1", "©xyz"), (stbl + "/stsd/avc1", "uuid"),
    ])
    func aBoxThatNobodyNeedsIsErased(path: String, type: String) async throws {
        let plain = try ISOFiles.movie()
        let bytes = try ISOFiles.inserting(ISOFiles.box(type), into: path, of: plain)
        #expect(bytes.contains(ISOFiles.secret))
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            #expect(outcome.media.kind == .video && outcome.media.audience == .everyone)
            #expect(!outcome.served.contains("SecretPlace"))
            #expect(try ISOFiles.frames(outcome.served) == ISOFiles.frames(plain))
        }
    }

    @Test(arguments: [
        "Taken at \(ISOFiles.secret)\n", "<html>\(ISOFiles.secret)</html>", "PK\u{3}\u{4}\(ISOFiles.secret)",
        "\u{0}\u{0}\u{0}\u{10}inst\(ISOFiles.secret)8db42d694ccc418790edff439fe026bf", "8 bytes.\(ISOFiles.secret)",
        "!",
    ])
    func whatIsAppendedIsCutOff(text: String) throws {
        let plain = try clean(ISOFiles.movie())
        #expect(try clean(plain + Array(text.utf8)) == plain)
        // A picture, with its EXIF.
        #expect(try clean(plain + Photos.jpeg()) == plain)
    }

    @Test func mediaDataThatIsCutShortStays() throws {
        let whole = try clean(ISOFiles.movie("-c:v libx264 -pix_fmt yuv420p -c:a aac -movflags faststart -f mp4"))
        let bytes = Array(whole.prefix(whole.count - 1000))
        #expect(try clean(bytes) == bytes)
    }

    @Test func bytesBetweenTheSamplesAreErased() throws {
        let plain = try ISOFiles.movie()
        let bytes = try ISOFiles.inserting(Array("freeGPS \(ISOFiles.secret)".utf8), into: "mdat", of: plain)
        let cleaned = try clean(bytes)
        #expect(cleaned.count == bytes.count && !cleaned.contains("SecretPlace"))
        #expect(try ISOFiles.frames(cleaned) == ISOFiles.frames(plain))
    }

    @Test(arguments: [
        "-f mp4", "-movflags faststart -f mp4", "-f mov", "-movflags frag_keyframe+empty_moov -f mp4",
        "-movflags frag_keyframe+empty_moov+default_base_moof -f mp4",
        "-movflags frag_keyframe+empty_moov+default_base_moof -frag_duration 100000 -f mp4",
        "-movflags frag_keyframe+separate_moof -f mov", "-movflags frag_keyframe+empty_moov+omit_tfhd_offset -f mp4",
        "-movflags dash+frag_keyframe+global_sidx -f mp4",
    ])
    func wordsInATrackAreErased(arguments: String) throws {
        let bytes = try ISOFiles.subtitled(arguments)
        #expect(try ISOFiles.streams(bytes) == "video\naudio\nsubtitle\n" && bytes.contains("SecretPlace"))
        let cleaned = try clean(bytes)
        #expect(try ISOFiles.streams(cleaned) == "video\naudio\n")
        #expect(!cleaned.contains("SecretPlace"))
        #expect(try ISOFiles.frames(cleaned) == ISOFiles.frames(bytes))
    }

    /// Telemetry tracks come before the others in no file of ffmpeg's.
    @Test func aTrackThatLosesItsPlaceInAFragmentIsNotGuessed() throws {
        let bytes = try ISOFiles.movie(
            "-c:v libx264 -pix_fmt yuv420p -c:a aac -movflags frag_keyframe+empty_moov+omit_tfhd_offset -f mp4")
        var handlers = bytes
        let first = try #require(bytes.firstRange(of: Array("vide".utf8)))
        handlers.replaceSubrange(first, with: Array("camm".utf8))
        #expect(throws: MalformedFile.self) { try clean(handlers) }
    }

    /// Whatever is coded in whichever way plays as before.
    @Test(arguments: [
        "-c:v libx264 -pix_fmt yuv420p -c:a aac -f mp4", "-c:v libx264 -pix_fmt yuv420p -c:a aac -f mov",
        "-c:v libx265 -tag:v hvc1 -pix_fmt yuv420p -c:a ac3 -f mp4", "-c:v mpeg4 -c:a alac -f mov",
        "-c:v mjpeg -pix_fmt yuvj420p -c:a pcm_s16le -f mov", "-c:v prores_ks -c:a pcm_s24be -ac 2 -f mov",
        "-c:v libvpx-vp9 -c:a libopus -f mp4", "-c:v mpeg4 -c:a flac -f mp4", "-c:v qtrle -c:a adpcm_ima_qt -f mov",
        "-c:v png -c:a pcm_mulaw -f mov", "-c:v rawvideo -pix_fmt uyvy422 -c:a pcm_f32le -f mov",
        "-c:v rpza -c:a pcm_u8 -f mov", "-vn -c:a alac -f ipod", "-vn -c:a aac -f ipod",
        "-c:v qtrle -pix_fmt pal8 -c:a pcm_alaw -f mov", "-c:v h263 -s 176x144 -an -f 3gp",
        "-c:v libx264 -pix_fmt yuv420p -vf setsar=4/3 -color_primaries bt709 -color_trc bt709 -colorspace bt709 -c:a eac3 -f mp4",
        "-c:v dnxhd -profile:v dnxhr_lb -s 256x128 -pix_fmt yuv422p -c:a aac -f mov",
        "-c:v libaom-av1 -cpu-used 8 -c:a mp2 -f mp4",
    ])
    func everyFrameStays(arguments: String) throws {
        let bytes = try ISOFiles.movie(arguments)
        let cleaned = try clean(bytes)
        #expect(cleaned != bytes)
        #expect(try ISOFiles.frames(cleaned) == ISOFiles.frames(bytes))
        let shape =
            "ffprobe -v error -show_entries stream=codec_tag_string,sample_aspect_ratio,color_space,profile,duration -of csv"
        #expect(try shell("\(shape) \(cleaned.asFile)") == shell("\(shape) \(bytes.asFile)"))
        #expect(try clean(cleaned) == cleaned)
    }

    /// Old QuickTime files count single frames of sound, and give each a size of 1.
    @Test(arguments: [(1, 4), (64, 68)]) func soundThatIsCountedInFramesStays(frames: Int, bytesOfFrames: Int) throws {
        var bytes = try ISOFiles.movie(
            "-c:v mjpeg -pix_fmt yuvj420p -c:a \(frames == 1 ? "pcm_s16le" : "adpcm_ima_qt") -ac 2 -f mov")
        let original = try ISOFiles.frames(bytes)
        let sound = try #require(bytes.ranges(of: Array("soun".utf8)).last)
        func place(_ type: String) throws -> Int {
            try #require(bytes[sound.lowerBound...].firstRange(of: Array(type.utf8))).upperBound
        }
        func read(_ place: Int) throws -> Int {
            try bytes.withUnsafeBytes { try ByteView($0).bigEndian(place, size: 4) }
        }
        func write(_ value: Int, _ place: Int) {
            bytes.replaceSubrange(place..<(place + 4), with: ISOFiles.bigEndian(value))
        }
        let (sizes, times, runs) = (try place("stsz"), try place("stts"), try place("stsc"))
        write(1, sizes + 4)
        write(try read(sizes + 8) * frames, sizes + 8)
        write(try read(times + 8) * frames, times + 8)
        write(1, times + 12)
        for run in 0..<(try read(runs + 4)) { write(try read(runs + 12 + run * 12) * frames, runs + 12 + run * 12) }
        // The description of version 1 has bytes per frame; that of version 0 channels and bits.
        if frames > 1 { write(bytesOfFrames, try place("ima4") + 40) }
        #expect(try ISOFiles.sound(bytes) == ISOFiles.sound(clean(bytes)))
        if frames == 1 { #expect(try ISOFiles.frames(clean(bytes)) == original) }
    }

    @Test func timesAndTheNamesOfDevicesAreErased() throws {
        let bytes = try ISOFiles.movie(
            """
            -c:v libx264 -pix_fmt yuv420p -c:a aac -metadata creation_time=2020-02-03T04:05:06Z \
            -metadata:s:v handler_name=SecretCam -metadata:s:v encoder=SecretCoder -f mov
            """)
        let tags = "exiftool -G1 -a -HandlerDescription -CompressorName -VendorID -HandlerVendorID"
        #expect(try shell("\(tags) \(bytes.asFile)").contains("SecretCam"))
        let cleaned = try clean(bytes)
        #expect(!cleaned.contains("SecretC"))
        #expect(try !shell("\(tags) \(cleaned.asFile)").contains("Secret"))
        let times = try shell("exiftool -a -s3 -time:all --File:all \(cleaned.asFile)")
        #expect(!times.isEmpty && times.split(separator: "\n").allSatisfy { $0 == "0000:00:00 00:00:00" })
        #expect(try ISOFiles.frames(cleaned) == ISOFiles.frames(bytes))
    }

    /// QuickTime may name the directories of the maker's disk.
    @Test func theNamesOfDisksAreErased() throws {
        var bytes = try ISOFiles.movie("-c:v mjpeg -pix_fmt yuvj420p -c:a pcm_s16le -f mov")
        let table = try #require(bytes.firstRange(of: Array("dref".utf8)))
        let reference = try #require(bytes[table.upperBound...].firstRange(of: Array("url ".utf8)))
        bytes = try ISOFiles.inserting(Array("SecretDisk".utf8), into: "moov/trak/mdia/minf/dinf/dref", of: bytes)
        let size = reference.lowerBound - 4
        bytes.replaceSubrange(size..<(size + 4), with: ISOFiles.bigEndian(12 + 10))
        #expect(try !clean(bytes).contains("SecretDisk"))
        // The samples of another file are not in this one.
        bytes[reference.upperBound + 3] = 0
        #expect(throws: MalformedFile.self) { try clean(bytes) }
    }

    @Test func aMovieWithoutReadableTablesIsTheOwnersAlone() async throws {
        let bytes = try ISOFiles.movie()
        let packed = try ISOFiles.inserting(ISOFiles.box("cmov"), into: "moov", of: bytes)
        #expect(throws: MalformedFile.self) { try clean(packed) }
        let tables = try #require(bytes.firstRange(of: Array("stsz".utf8)))
        var damaged = bytes
        damaged.replaceSubrange((tables.upperBound + 8)..<(tables.upperBound + 12), with: [0, 1, 0, 0])
        try await MediaBench.run { bench in
            for file in [packed, damaged] {
                let media = try await bench.process(file).media
                #expect(media.audience == .ownerOnly && media.kind == .file)
            }
        }
    }
}
