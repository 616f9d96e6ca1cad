internal import Foundation

/// The paths of the programs that read what libvips does not. Each is optional.
public struct MediaTools: Sendable, Codable {
    /// ffmpeg's two programs.
    public struct FFmpeg: Sendable, Codable {
        public var ffmpeg: String
        public var ffprobe: String
    }

    /// Without it, films and sounds are plain files.
    public var ffmpeg: FFmpeg?
    /// Poppler's program that draws the pages of a PDF. Without it, a PDF has no picture.
    public var pdftoppm: String?

    /// Finds them on the `PATH`.
    public static func find() -> MediaTools {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        func find(_ name: String) -> String? {
            path.split(separator: ":").map { "\($0)/\(name)" }.first {
                FileManager.default.isExecutableFile(atPath: $0)
            }
        }
        var tools = MediaTools(pdftoppm: find("pdftoppm"))
        if let ffmpeg = find("ffmpeg"), let ffprobe = find("ffprobe") {
            tools.ffmpeg = FFmpeg(ffmpeg: ffmpeg, ffprobe: ffprobe)
        }
        return tools
    }
}
