import Foundation
import Testing

@testable import Media

/// Every byte editor, on bytes that mean no good: it throws or plans within the file, and never traps.
@Suite struct CleanerFuzzTests {
    private static let cutters: [(String, @Sendable (ByteView) throws -> EditPlan)] = [
        ("jpg", JPEGCleaner.plan), ("png", PNGCleaner.plan), ("webp", WebPCleaner.plan), ("gif", GIFCleaner.plan),
        ("heic", HEIFCleaner.plan), ("mp4", MovieCleaner.plan), ("avif", HEIFCleaner.plan),
        ("fragmented", MovieCleaner.plan), ("mov", MovieCleaner.plan), ("mp3", SoundCleaner.mpeg),
        ("aac", SoundCleaner.adts), ("flac", FLACCleaner.plan), ("mkv", MatroskaCleaner.plan),
        ("webm", MatroskaCleaner.plan), ("tif", TIFFCleaner.plan), ("avis", HEIFCleaner.plan),
        ("mjpeg", JPEGFrames.plan), ("dfla", MovieCleaner.plan), ("wav", WAVCleaner.plan),
    ]

    private static func check(_ cutter: (ByteView) throws -> EditPlan, _ bytes: [UInt8]) throws {
        guard let plan = try? bytes.withUnsafeBytes({ try cutter(ByteView($0)) }) else { return }
        for case .copy(let range) in plan.pieces {
            try #require(0 <= range.lowerBound && range.upperBound <= bytes.count)
        }
    }

    private static func sample(_ type: String) throws -> [UInt8] {
        switch type {
        case "jpg": try Photos.jpeg()
        case "mp4": try Movies.located()
        case "mov": try ISOFiles.movie("-c:v qtrle -pix_fmt pal8 -c:a adpcm_ima_qt -movflags faststart -f mov")
        case "mp3": try ISOFiles.movie("-vn -metadata title=a -c:a libmp3lame -f mp3 -write_id3v1 1")
        case "aac": try ISOFiles.movie("-vn -c:a aac -f adts")
        case "flac": try ISOFiles.movie("-vn -metadata title=a -c:a flac -f flac")
        case "mkv": try ISOFiles.movie("-metadata title=a -c:v libtheora -pix_fmt yuv420p -c:a flac -f matroska")
        case "webm": try ISOFiles.movie("-metadata title=a -c:v libvpx -c:a libvorbis -f webm")
        case "avis": try ISOFiles.movie("-an -c:v libaom-av1 -cpu-used 8 -pix_fmt yuv420p -f avif")
        case "mjpeg": try ISOFiles.movie("-an -c:v mjpeg -pix_fmt yuvj420p -f avi")
        case "dfla": try ISOFiles.movie("-vn -c:a flac -f mp4")
        case "wav": try ISOFiles.movie("-vn -metadata title=a -c:a pcm_s16le -f wav")
        case "fragmented": try ISOFiles.subtitled("-movflags frag_keyframe+empty_moov -frag_duration 100000 -f mp4")
        default: try Photos.converted(to: type)
        }
    }

    @Test(arguments: 0..<19)
    func anyBytesAreSurvived(index: Int) throws {
        let (type, cutter) = Self.cutters[index]
        var random = SeededRandom(seed: UInt64(index))
        let sample = try Self.sample(type)
        // The beginning holds the structure; damage there is what a parser sees.
        let head = Array(sample.prefix(4096))
        for round in 0..<400 {
            try Self.check(cutter, random.bytes(Int.random(in: 0..<600, using: &random)))
            try Self.check(cutter, random.damage(head, bytes: 1 + round % 30))
            try Self.check(cutter, Array(head.prefix(Int.random(in: 0..<head.count, using: &random))))
            try Self.check(cutter, Array(head.prefix(Int.random(in: 8..<64, using: &random))) + random.bytes(64))
        }
        for _ in 0..<20 { try Self.check(cutter, random.damage(sample, bytes: 200)) }
        // Counts and sizes at their ends.
        for round in 0..<400 {
            var damaged = head
            for _ in 0...(round % 3) {
                let place = Int.random(in: 0..<(head.count - 4), using: &random)
                let values: [[UInt8]] = [
                    [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [0, 0, 0, 1],
                ]
                damaged.replaceSubrange(place..<(place + 4), with: values[Int(random.next() & 3)])
            }
            try Self.check(cutter, damaged)
        }
    }

    /// A file of any structure takes time in proportion to its size.
    @Test func structureWithoutEndTakesNoTime() throws {
        let empty = ISOFiles.box("free", [])
        let deep = (0..<200_000).reduce(into: [UInt8]()) { bytes, depth in
            bytes += ISOFiles.bigEndian((200_000 - depth) * 8) + Array("moov".utf8)
        }
        let movie = try ISOFiles.movie()
        let track = try #require(movie.firstRange(of: Array("stco".utf8)))
        // Every chunk of a long table is the whole file.
        var chunks = movie
        let table = ISOFiles.box(
            "stco", [0, 0, 0, 0] + ISOFiles.bigEndian(100_000) + [UInt8](repeating: 0, count: 400_000))
        chunks.replaceSubrange(track, with: Array("xxxx".utf8))
        chunks = try ISOFiles.inserting(table, into: "moov/trak/mdia/minf/stbl", of: chunks)
        let before = threadCPUSeconds()
        for bytes in [deep, movie + Array(repeating: empty, count: 100_000).joined(), chunks] {
            try Self.check(MovieCleaner.plan, bytes)
            try Self.check(HEIFCleaner.plan, bytes)
        }
        #expect(threadCPUSeconds() - before < 20)
    }

    @Test(arguments: 0..<19)
    func cleaningTwiceChangesNothing(index: Int) throws {
        let (type, cutter) = Self.cutters[index]
        let once = try Self.apply(cutter, try Self.sample(type))
        let plan = try once.withUnsafeBytes { try cutter(ByteView($0)) }
        #expect(plan.keepsAll(of: once.count))
    }

    static func apply(_ cutter: (ByteView) throws -> EditPlan, _ bytes: [UInt8]) throws -> [UInt8] {
        try bytes.withUnsafeBytes { try cutter(ByteView($0)) }.pieces.flatMap { piece in
            switch piece {
            case .copy(let range): Array(bytes[range])
            case .literal(let literal): literal
            case .zeros(let count): [UInt8](repeating: 0, count: count)
            }
        }
    }
}
