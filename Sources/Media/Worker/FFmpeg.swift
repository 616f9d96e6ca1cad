internal import Foundation
internal import Glibc

/// What ffprobe says of a file.
struct MovieFacts {
    /// Seconds.
    let duration: Double?
    let hasPicture: Bool
    /// Pixels as shown: square ones, after rotation.
    let width: Int?
    let height: Int?
}

/// Has ffprobe and ffmpeg run on one file, within the job's own limits.
struct FFmpeg {
    let host: JobHost
    let input: String
    /// The only format the input is read as.
    let demuxer: String

    private static let maxOutput = 1 << 20
    /// Bytes that must fit behind a file just written: more than the rest of its last block.
    private static let roomForMore = 64 * 1024

    private var inputArguments: [String] { ["-protocol_whitelist", "file", "-f", demuxer, "-i", "file:\(input)"] }

    /// Nil when ffprobe finds neither picture nor sound.
    func probe() throws -> MovieFacts? {
        let arguments = ["-v", "quiet", "-of", "json", "-show_format", "-show_streams"] + inputArguments
        guard try host.run(.ffprobe, arguments) == 0, let output = try output(),
            let answer = try? JSONDecoder().decode(ProbeAnswer.self, from: output)
        else {
            // It may have had no room for its answer.
            _ = try sizeWithRoomBehind(WorkerJob.toolOutput)
            return nil
        }
        return answer.facts
    }

    /// Writes the frame at a tenth of the film, at most at three seconds, as PNG. Whether there is one now.
    func writePoster(to path: String, _ facts: MovieFacts) throws -> Bool {
        guard let width = facts.width, let height = facts.height else { return false }
        let start = min((facts.duration ?? 0) / 10, 3)
        // Never enlarged; said in numbers, for ffmpeg's own arithmetic leaves the shape of the pixels out.
        let scale = min(1, Double(ThumbnailSize.large.maxEdge) / Double(max(width, height, 1)))
        let size = [width, height].map { "\(max(1, Int((Double($0) * scale).rounded())))" }.joined(separator: ":")
        let arguments =
            ["-v", "quiet", "-nostdin", "-threads", "1", "-ss", String(format: "%.3f", start)] + inputArguments + [
                "-map", "0:V:0", "-frames:v", "1", "-an", "-sn", "-dn", "-map_metadata", "-1",
                "-vf", "scale=\(size),setsar=1",
                "-threads", "1", "-c:v", "png", "-f", "image2", "-update", "1", "-y", "file:\(path)",
            ]
        return try write(path, arguments)
    }

    /// Decodes the first sound to samples as `Waveform` takes them, up to a bit more than it takes. Whether there are any now.
    func writeSamples(to path: String) throws -> Bool {
        let arguments =
            ["-v", "quiet", "-nostdin", "-threads", "1"] + inputArguments + [
                "-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-t", "\(Waveform.maxSeconds + 1)",
                // One channel stays one: ffmpeg would make it quieter on two.
                "-af", "aformat=channel_layouts=mono|stereo", "-ar", "\(Waveform.rate)", "-c:a", "pcm_s16le",
                "-fflags", "+bitexact", "-f", "wav", "-y", "file:\(path)",
            ]
        return try write(path, arguments)
    }

    /// Copies films, sounds and subtitles, as they are coded, into a new file without tags, chapters, covers and
    /// attachments. Whether there is one now.
    func remux(to path: String, as muxer: String) throws -> Bool {
        let arguments =
            ["-v", "quiet", "-nostdin"] + inputArguments + [
                "-map", "0:V?", "-map", "0:a?", "-map", "0:s?", "-c", "copy", "-map_metadata", "-1", "-map_metadata:s",
                "-1",
                "-map_chapters", "-1",
                // Without the muxer's own name, the time, and numbers made at random.
                "-fflags", "+bitexact", "-f", muxer,
            ]
            // What is too long for the 32 bits of RIFF is written as RF64.
            + (muxer == "wav" ? ["-rf64", "auto"] : []) + ["-y", "file:\(path)"]
        return try write(path, arguments)
    }

    /// Whether ffmpeg wrote a file, the whole of it. Throws `storageFull`: on a full disk it may end as if all were well.
    private func write(_ path: String, _ arguments: [String]) throws -> Bool {
        let succeeded = try host.run(.ffmpeg, arguments) == 0
        return try sizeWithRoomBehind(path) > 0 && succeeded
    }

    /// The size of a file that a tool wrote. Throws `storageFull` where nothing can be written behind it.
    private func sizeWithRoomBehind(_ path: String) throws -> Int {
        let file = try OpenFile(path, O_WRONLY | O_CREAT)
        let size = try file.size()
        try [UInt8](repeating: 0, count: Self.roomForMore).withUnsafeBytes { try file.write($0, at: size) }
        try file.truncate(to: size)
        return size
    }

    /// What the tool wrote to its standard output; nil beyond the bound.
    private func output() throws -> Data? {
        let file = try OpenFile(WorkerJob.toolOutput, O_RDONLY)
        guard try file.size() <= Self.maxOutput else { return nil }
        return Data(try file.read(count: Self.maxOutput, at: 0))
    }
}

/// Lends C a vector of arguments.
func withArguments<Result>(
    _ arguments: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) throws -> Result
) rethrows -> Result {
    var vector = arguments.map { strdup($0) } + [nil]
    defer { for argument in vector { free(argument) } }
    return try body(&vector)
}

/// ffprobe's JSON, as far as it is used.
private struct ProbeAnswer: Decodable {
    struct Stream: Decodable {
        let codecType: String?
        let width: Int?
        let height: Int?
        let sampleAspectRatio: String?
        let duration: String?
        let disposition: [String: Int]?
        let sideDataList: [SideData]?

        enum CodingKeys: String, CodingKey {
            case width, height, duration, disposition
            case codecType = "codec_type"
            case sampleAspectRatio = "sample_aspect_ratio"
            case sideDataList = "side_data_list"
        }

        /// Of square pixels: as high as stored, and as wide as the shape of the stored pixels makes it.
        var shownWidth: Int? {
            guard let width else { return nil }
            let ratio = (sampleAspectRatio ?? "").split(separator: ":").compactMap { Double($0) }
            guard ratio.count == 2, ratio[0] > 0, ratio[1] > 0 else { return width }
            return max(1, Int(exactly: (Double(width) * ratio[0] / ratio[1]).rounded()) ?? width)
        }
    }
    struct SideData: Decodable { let rotation: Double? }
    struct Format: Decodable { let duration: String? }

    let streams: [Stream]?
    let format: Format?

    var facts: MovieFacts? {
        let streams = streams ?? []
        // A cover picture in a song is no video.
        let video = streams.first { $0.codecType == "video" && $0.disposition?["attached_pic"] != 1 }
        guard video != nil || streams.contains(where: { $0.codecType == "audio" }) else { return nil }
        let seconds = [format?.duration, video?.duration].compactMap { $0.flatMap(Double.init) }.first {
            $0.isFinite && $0 >= 0
        }
        let turns = video?.sideDataList?.compactMap(\.rotation).first ?? 0
        let isSideways = abs(turns.truncatingRemainder(dividingBy: 180)) == 90
        return MovieFacts(
            duration: seconds, hasPicture: video != nil, width: isSideways ? video?.height : video?.shownWidth,
            height: isSideways ? video?.shownWidth : video?.height)
    }
}
