import Foundation
import Testing

@testable import Media

/// Makes ISO base media files that say where they were made, in the places that one must know of.
enum ISOFiles {
    static let secret = "SecretPlace+48.8584+002.2945/"

    static func box(_ type: String, _ content: [UInt8] = Array(secret.utf8)) -> [UInt8] {
        bigEndian(content.count + 8) + type.unicodeScalars.map { UInt8($0.value) } + content
    }

    static func bigEndian(_ value: Int) -> [UInt8] { (0..<4).reversed().map { UInt8(value >> ($0 * 8) & 0xFF) } }

    /// Puts `bytes` at the end of the first box that these types lead to (at the end of the file without any), and lets the
    /// boxes around it grow. Offsets stay true only where the media data come before.
    static func inserting(_ bytes: [UInt8], into path: String, of file: [UInt8]) throws -> [UInt8] {
        var file = file
        var range = 0..<file.count
        var around: [Int] = []
        for type in path.split(separator: "/").map(String.init) {
            let boxes = try list(file, range)
            let box = try #require(boxes.first { $0.type == type })
            around.append(box.range.lowerBound)
            range = (box.content.lowerBound + (headers[type] ?? 0))..<box.content.upperBound
        }
        for start in around {
            let size = try file.withUnsafeBytes { try ByteView($0).bigEndian(start, size: 4) }
            file.replaceSubrange(start..<(start + 4), with: bigEndian(size + bytes.count))
        }
        file.insert(contentsOf: bytes, at: range.upperBound)
        return file
    }

    /// Bytes before the boxes in these.
    private static let headers = ["meta": 4, "stsd": 8, "avc1": 78, "mp4a": 28]

    static func list(_ file: [UInt8], _ range: Range<Int>) throws -> [ISOBox] {
        try file.withUnsafeBytes { try ISOBox.list(ByteView($0), in: range, tolerant: true) }
    }

    /// A movie whose media data come before its tables, of half a second.
    static func movie(_ arguments: String = "-c:v libx264 -pix_fmt yuv420p -c:a aac -f mp4") throws -> [UInt8] {
        // Arguments are longer than names may be.
        let hash = arguments.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return try fixture(
            "movie-\(hash)",
            """
            ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=10:duration=0.5 -f lavfi \
            -i sine=duration=0.5:sample_rate=44100 \(arguments) -strict -2 "$out"
            """)
    }

    /// A movie that also has words in a track of their own.
    static func subtitled(_ arguments: String) throws -> [UInt8] {
        _ = try fixture("words.srt", "printf '1\\n00:00:00,000 --> 00:00:00,500\\n\(secret)\\n' > \"$out\"")
        let text = "\(MediaBench.fixtures)/words.srt"
        return try movie("-f srt -i \(text) -c:v libx264 -pix_fmt yuv420p -c:a aac -c:s mov_text \(arguments)")
    }

    /// What a player makes of the pictures and the sound: a checksum of each frame.
    static func frames(_ bytes: [UInt8]) throws -> String {
        try shell("ffmpeg -v error -i \(bytes.asFile) -map 0:v? -map 0:a? -f framemd5 -")
    }

    /// A checksum of the sound alone, however it is cut into frames.
    static func sound(_ bytes: [UInt8]) throws -> String {
        try shell("ffmpeg -v error -i \(bytes.asFile) -map 0:a -f md5 -")
    }

    static func streams(_ bytes: [UInt8]) throws -> String {
        try shell("ffprobe -v error -show_entries stream=codec_type -of csv=p=0 \(bytes.asFile)")
    }
}
