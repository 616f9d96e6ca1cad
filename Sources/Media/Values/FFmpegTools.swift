internal import Foundation

/// Where ffmpeg's two programs stand.
public struct FFmpegTools: Sendable, Codable {
    public var ffmpeg: String
    public var ffprobe: String

    public init(ffmpeg: String, ffprobe: String) {
        self.ffmpeg = ffmpeg
        self.ffprobe = ffprobe
    }

    /// Looks for both on the `PATH`; nil unless both are there.
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
