/// How loud a sound is from its beginning to its end, for a picture of a voice message.
enum Waveform {
    /// The number of peaks.
    static let count = ProcessedMedia.peaks
    /// The longest sound that gets one. Decoding it takes a few seconds.
    static let maxSeconds = 1800.0
    /// Samples per second that peaks are looked for in. What is quieter than these is of no use in a picture.
    static let rate = 8000

    /// Before the samples of a file in WAVE format as ffmpeg writes it (`-fflags +bitexact`): RIFF, the format with the
    /// number of channels at 22, and the head of the data.
    private static let headSize = 44

    /// The loudest sample of each hundredth: 0 for silence, 255 for the loudest that a sound can be. Nil for a sound that is
    /// empty or too long.
    /// - Parameter path: A WAVE file with samples of 16 bits at `rate`, of one or two channels. Both are looked at: together,
    ///   opposite channels would be silence.
    static func peaks(ofSamples path: String) throws -> [UInt8]? {
        try FileCleaning.view(path) { file in
            guard file.has("data", at: headSize - 8), case let channels = try file.littleEndian(22, size: 2),
                (1...2).contains(channels)
            else { return nil }
            let frameSize = channels * MemoryLayout<Int16>.size
            let frames = (file.count - headSize) / frameSize
            guard frames > 0, Double(frames) <= maxSeconds * Double(rate) else { return nil }
            return try (0..<count).map { index in
                let start = frames * index / count
                let end = max(start + 1, frames * (index + 1) / count)
                return try peak(file, headSize + start * frameSize..<headSize + end * frameSize)
            }
        }
    }

    private static func peak(_ file: ByteView, _ range: Range<Int>) throws -> UInt8 {
        let bytes = UnsafeRawBufferPointer(rebasing: try file.slice(range.lowerBound, range.count))
        // A file's bytes are mapped to a page's start, and frames are even.
        let loudest = bytes.bindMemory(to: Int16.self).reduce(0 as UInt16) {
            max($0, Int16(littleEndian: $1).magnitude)
        }
        return UInt8(clamping: (Int(loudest) * 255 + 16384) / 32768)
    }
}
