internal import Foundation

/// The paths of ffmpeg's two programs.
public struct FFmpegTools: Sendable, Codable {
    public var ffmpeg: String
    public var ffprobe: String

    public init(ffmpeg: String, ffprobe: String) {
        self.ffmpeg = ffmpeg
        self.ffprobe = ffprobe
    }

    /// Finds both on the `PATH`, or returns nil.
    public static func find() -> FFmpegTools? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        func find(_ name: String) -> String? {
            path.split(separator: ":").map { "\($0)/\(name)" }.first {
                FileManager.default.isExecutableFile(atPath: $0)
            }
        }
        guard let ffmpeg = find("ffmpeg"), let ffprobe = find("ffprobe") else { return nil }
        return FFmpegTools(ffmpeg: ffmpeg, ffprobe: ffprobe)
    }
}
