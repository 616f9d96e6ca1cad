internal import Foundation

/// What ffprobe says of a file, as far as it can be true.
struct MovieProbe {
    /// What must be the same after a file was copied.
    struct Stream: Equatable {
        var kind: String
        var codec: String
        var width: Int?
        var height: Int?
        var channels: Int?
        var sampleRate: String?
        var language: String?
        var hasAlpha: Bool
        var dispositions: Set<String>
    }

    /// Seconds.
    let duration: Double?
    let hasPicture: Bool
    let hasSound: Bool
    /// Pixels as shown: square ones, after rotation. Nil if they are not known, or beyond all bounds.
    let size: (width: Int, height: Int)?
    /// Pictures, then sounds, then subtitles; no covers.
    let streams: [Stream]
    /// How many packets each of them has, if they were counted.
    let packets: [Int]

    /// What ffprobe is asked for.
    static let entries = """
        format=duration:stream=codec_type,codec_name,width,height,sample_aspect_ratio,duration,sample_rate,channels,\
        nb_read_packets:stream_disposition:stream_tags=language,LANGUAGE,alpha_mode,ALPHA_MODE:stream_side_data=rotation
        """

    /// Nil for an answer that is none, or names neither picture nor sound.
    init?(_ json: Data) {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: json) else { return nil }
        let all = answer.streams ?? []
        // A cover picture in a song is no video.
        let shown = all.filter { $0.disposition?["attached_pic"] != 1 }
        let ordered = Self.kinds.flatMap { kind in shown.filter { $0.codecType == kind } }
        let video = ordered.first { $0.codecType == "video" }
        hasPicture = video != nil
        hasSound = ordered.contains { $0.codecType == "audio" }
        guard hasPicture || hasSound else { return nil }
        duration = [answer.format?.duration, video?.duration].compactMap { $0.flatMap(Double.init) }.first {
            (0...ProcessedMedia.maxDuration).contains($0)
        }
        size = video?.shownSize
        streams = ordered.map(\.facts)
        packets = ordered.compactMap { $0.nbReadPackets.flatMap { Int($0) } }
    }

    private static let kinds = ["video", "audio", "subtitle"]

    /// Whether a copy of the file with these facts shows and plays the same. Damaged packets may be lost.
    func isSame(as copy: MovieProbe) -> Bool {
        guard streams == copy.streams, packets.count == copy.packets.count else { return false }
        return zip(packets, copy.packets).allSatisfy { abs($0 - $1) <= max(1, $0 / 100) }
    }

    /// ffprobe's JSON, as far as it is used.
    private struct Answer: Decodable {
        struct SideData: Decodable { let rotation: Double? }
        struct Format: Decodable { let duration: String? }

        let streams: [StreamAnswer]?
        let format: Format?
    }

    private struct StreamAnswer: Decodable {
        let codecType: String?
        let codecName: String?
        let width: Int?
        let height: Int?
        let sampleAspectRatio: String?
        let duration: String?
        let channels: Int?
        let sampleRate: String?
        let nbReadPackets: String?
        let disposition: [String: Int]?
        let tags: [String: String]?
        let sideDataList: [Answer.SideData]?

        enum CodingKeys: String, CodingKey {
            case width, height, duration, disposition, channels, tags
            case codecType = "codec_type"
            case codecName = "codec_name"
            case sampleAspectRatio = "sample_aspect_ratio"
            case sampleRate = "sample_rate"
            case nbReadPackets = "nb_read_packets"
            case sideDataList = "side_data_list"
        }

        func tag(_ name: String) -> String? { tags?[name] ?? tags?[name.uppercased()] }

        var facts: Stream {
            let language = tag("language").flatMap { $0 == "und" ? nil : $0 }
            // Muxers choose a default of their own where there is none.
            let dispositions = disposition?.filter { $0.value == 1 && $0.key != "default" }.keys.map { $0 } ?? []
            return Stream(
                kind: codecType ?? "", codec: codecName ?? "", width: width, height: height, channels: channels,
                sampleRate: sampleRate, language: language, hasAlpha: tag("alpha_mode") == "1",
                dispositions: Set(dispositions))
        }

        /// As high as stored, and as wide as the shape of the stored pixels makes it; then turned.
        var shownSize: (width: Int, height: Int)? {
            let range = 1...ProcessedMedia.maxEdge
            guard let width, let height, range.contains(width), range.contains(height) else { return nil }
            let ratio = (sampleAspectRatio ?? "").split(separator: ":").compactMap { Double($0) }
            var shown = width
            if ratio.count == 2, ratio[0] > 0, ratio[1] > 0,
                let stretched = Int(exactly: (Double(width) * ratio[0] / ratio[1]).rounded()), range.contains(stretched)
            {
                shown = stretched
            }
            let turns = sideDataList?.compactMap(\.rotation).first ?? 0
            let isSideways = abs(turns.truncatingRemainder(dividingBy: 180)) == 90
            return isSideways ? (height, shown) : (shown, height)
        }
    }
}
