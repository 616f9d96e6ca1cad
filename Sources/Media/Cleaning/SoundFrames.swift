/// The frames of a sound that is nothing but frames, one after another: MP3 and its relatives, AAC, AMR. Each frame says how
/// long it is.
struct SoundFrames: Sendable {
    /// Bytes of the frame at `position` and what all frames of a sound have in common; nil if none begins there.
    typealias Reader = @Sendable (_ file: ByteView, _ position: Int) -> (length: Int, kind: UInt32)?

    private let reader: Reader
    /// How many frames must follow each other before bytes count as sound that are not where a frame is expected.
    private static let minRun = 3

    private init(_ reader: @escaping Reader) { self.reader = reader }

    /// The parts of `space` that are frames. Only a run of them counts, for bytes that look like one frame are found in
    /// anything. A last frame that is cut off by the end of the space counts.
    func parts(of file: ByteView, in space: Range<Int>) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var position = space.lowerBound
        while let start = nextRun(file, position, space) {
            let kind = reader(file, start)?.kind
            position = start
            while position < space.upperBound, let frame = reader(file, position), frame.kind == kind {
                position = min(position + frame.length, space.upperBound)
            }
            parts.append(start..<position)
        }
        return parts
    }

    /// Where enough frames follow each other, from `first` on. Every frame of a format that is searched begins with ones.
    private func nextRun(_ file: ByteView, _ first: Int, _ space: Range<Int>) -> Int? {
        var position = first
        while position < space.upperBound {
            if let frame = reader(file, position), run(file, position, frame.kind, space) >= Self.minRun {
                return position
            }
            guard let next = file.first(0xFF, from: position + 1) else { return nil }
            position = next
        }
        return nil
    }

    /// How many frames of one kind begin here, at most `minRun`. What ends exactly with the space counts as many.
    private func run(_ file: ByteView, _ start: Int, _ kind: UInt32, _ space: Range<Int>) -> Int {
        var position = start
        for count in 0..<Self.minRun {
            if count > 0, position == space.upperBound { return Self.minRun }
            guard position < space.upperBound, let frame = reader(file, position), frame.kind == kind else {
                return count
            }
            position += frame.length
            // Cut off by the end of the file.
            if count > 0, position > space.upperBound { return Self.minRun }
        }
        return Self.minRun
    }

    /// Whether a frame begins with these bytes.
    func begins(_ bytes: ByteView) -> Bool { reader(bytes, 0) != nil }

    // MARK: - Formats

    /// MPEG audio, layers I to III, of MPEG-1, MPEG-2 and "MPEG-2.5" (ISO/IEC 11172-3, section 2.4.1.3).
    static let mpeg = SoundFrames { file, position in
        guard let header = try? file.bigEndian(position, size: 4), header >> 21 == 0x7FF else { return nil }
        let (version, layer) = (header >> 19 & 3, header >> 17 & 3)
        let (rateIndex, frequencyIndex) = (header >> 12 & 15, header >> 10 & 3)
        guard version != 1, layer != 0, (1...14).contains(rateIndex), frequencyIndex != 3 else { return nil }
        let isFirst = version == 3
        let kilobits =
            switch (isFirst, layer) {
            case (true, 3): rateIndex * 32
            case (true, 2): [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384][rateIndex - 1]
            case (true, _): [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320][rateIndex - 1]
            case (false, 3): [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256][rateIndex - 1]
            case (false, _): [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160][rateIndex - 1]
            }
        let frequency = [44_100, 48_000, 32_000][frequencyIndex] >> (isFirst ? 0 : version == 2 ? 1 : 2)
        let padding = header >> 9 & 1
        let length =
            switch layer {
            case 3: (12 * kilobits * 1000 / frequency + padding) * 4
            case 1 where !isFirst: 72 * kilobits * 1000 / frequency + padding
            default: 144 * kilobits * 1000 / frequency + padding
            }
        return (length, UInt32(version << 4 | layer << 2 | frequencyIndex))
    }

    /// AAC in ADTS (ISO/IEC 13818-7, section 6.2).
    static let adts = SoundFrames { file, position in
        guard let header = try? file.bigEndian(position, size: 7), header >> 44 == 0xFFF, header >> 41 & 3 == 0 else {
            return nil
        }
        let frequencyIndex = header >> 34 & 15
        let length = header >> 13 & 0x1FFF
        guard frequencyIndex < 13, length > 7 else { return nil }
        return (length, UInt32(header >> 43 & 1) << 8 | UInt32(frequencyIndex))
    }

    /// AMR (RFC 4867, section 5.3). The frames stand behind a magic number, so nothing else looks like one.
    static func amr(isWide: Bool) -> SoundFrames {
        let sizes = isWide ? [17, 23, 32, 36, 40, 46, 50, 58, 60, 5] : [12, 13, 15, 17, 19, 20, 26, 31, 5]
        return SoundFrames { file, position in
            guard let header = try? file.byte(position), header & 0x83 == 0 else { return nil }
            let mode = Int(header >> 3 & 15)
            // Lost frames have no bytes.
            if mode >= 14 { return (1, 0) }
            return mode < sizes.count ? (sizes[mode] + 1, 0) : nil
        }
    }
}
