internal import Foundation
internal import Glibc

/// Has ffprobe and ffmpeg run on one file, within the job's own limits.
struct FFmpeg {
    let host: JobHost
    /// The only format that files are read as.
    let demuxer: String

    private static let maxOutput = 1 << 20
    /// Bytes that must fit behind a file just written: more than the rest of its last block.
    private static let roomForMore = 64 * 1024

    private func input(_ path: String) -> [String] {
        ["-protocol_whitelist", "file", "-f", demuxer, "-i", "file:\(path)"]
    }

    /// Nil when ffprobe finds neither picture nor sound.
    func probe(_ path: String, countsPackets: Bool = false) throws -> MovieProbe? {
        let arguments =
            ["-v", "quiet", "-of", "json", "-show_entries", MovieProbe.entries]
            + (countsPackets ? ["-count_packets"] : []) + input(path)
        guard try host.run(.ffprobe, arguments) == 0, let output = try output(), let probe = MovieProbe(output) else {
            // It may have had no room for its answer.
            _ = try sizeWithRoomBehind(WorkerJob.toolOutput)
            return nil
        }
        return probe
    }

    /// Writes a frame as PNG: the one at a tenth of the film, at most at three seconds, or the first that can be decoded.
    /// Whether there is one now.
    func writePoster(of film: String, to path: String, _ probe: MovieProbe) throws -> Bool {
        guard let size = probe.size else { return false }
        let start = min((probe.duration ?? 0) / 10, 3)
        if start > 0, try writePoster(of: film, to: path, size, at: ["-ss", String(format: "%.3f", start)]) {
            return true
        }
        return try writePoster(of: film, to: path, size, at: [])
    }

    private func writePoster(
        of film: String, to path: String, _ size: (width: Int, height: Int), at start: [String]
    ) throws -> Bool {
        // Never enlarged; said in numbers, for ffmpeg's own arithmetic leaves the shape of the pixels out.
        let scale = min(1, Double(ThumbnailSize.large.maxEdge) / Double(max(size.width, size.height, 1)))
        let size = [size.width, size.height].map { "\(max(1, Int((Double($0) * scale).rounded())))" }
        let arguments =
            ["-v", "quiet", "-nostdin", "-threads", "1"] + start + input(film) + [
                "-map", "0:V:0", "-frames:v", "1", "-an", "-sn", "-dn", "-map_metadata", "-1",
                "-vf", "scale=\(size.joined(separator: ":")),setsar=1",
                "-threads", "1", "-c:v", "png", "-f", "image2", "-update", "1", "-y", "file:\(path)",
            ]
        return try write(path, arguments)
    }

    /// Writes a picture upright as PNG. Whether there is one now.
    func writePicture(of picture: String, to path: String, _ numbers: TIFFPages.YCbCr) throws -> Bool {
        let turns = [
            2: "hflip", 3: "hflip,vflip", 4: "vflip", 5: "transpose=0", 6: "transpose=1", 7: "transpose=3",
            8: "transpose=2",
        ]
        let filters =
            ["scale=in_range=\(numbers.isStudio ? "tv" : "pc"):out_range=pc", "format=rgb24"]
            + (turns[numbers.orientation].map { [$0] } ?? [])
        let arguments =
            ["-v", "quiet", "-nostdin", "-threads", "1"] + input(picture) + [
                "-map", "0:V:0", "-frames:v", "1", "-map_metadata", "-1", "-vf", filters.joined(separator: ","),
                "-threads", "1", "-c:v", "png", "-f", "image2", "-update", "1", "-y", "file:\(path)",
            ]
        return try write(path, arguments)
    }

    /// Decodes the first sound to samples as `Waveform` takes them, up to a bit more than it takes. Whether there are any now.
    func writeSamples(of sound: String, to path: String) throws -> Bool {
        let arguments =
            ["-v", "quiet", "-nostdin", "-threads", "1"] + input(sound) + [
                "-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-t", "\(Waveform.maxSeconds + 1)",
                // One channel stays one: ffmpeg would make it quieter on two.
                "-af", "aformat=channel_layouts=mono|stereo", "-ar", "\(Waveform.rate)", "-c:a", "pcm_s16le",
                "-fflags", "+bitexact", "-f", "wav", "-y", "file:\(path)",
            ]
        return try write(path, arguments)
    }

    /// Copies films, sounds and subtitles, as they are coded, into a new file without tags, chapters, covers and
    /// attachments, but with languages. Whether there is one now, and it shows and plays the same.
    func remux(_ path: String, to copy: String, as muxer: String) throws -> Copy {
        let before = try probe(path, countsPackets: true)
        let facts = (before?.streams ?? []).enumerated().flatMap { index, stream in
            (stream.language.map { ["-metadata:s:\(index)", "language=\($0)"] } ?? [])
                + (stream.hasAlpha ? ["-metadata:s:\(index)", "alpha_mode=1"] : [])
        }
        let arguments =
            ["-v", "quiet", "-nostdin"] + input(path) + [
                "-map", "0:V?", "-map", "0:a?", "-map", "0:s?", "-c", "copy", "-map_metadata", "-1", "-map_metadata:s",
                "-1",
            ] + facts + [
                "-map_chapters", "-1",
                // Without the muxer's own name, the time, and numbers made at random.
                "-fflags", "+bitexact", "-f", muxer,
            ]
            // What is too long for the 32 bits of RIFF is written as RF64.
            + (muxer == "wav" ? ["-rf64", "auto"] : []) + ["-y", "file:\(copy)"]
        guard try write(copy, arguments) else { return .failed }
        guard let before, let after = try probe(copy, countsPackets: true) else { return .differs }
        return before.isSame(as: after) ? .same : .differs
    }

    enum Copy { case failed, differs, same }

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
