/// The words of a track. Drones and cameras write where they are into subtitles, several times a second.
struct Subtitles {
    private let file: ByteView
    private let places: [Range<Int>]
    /// Bytes of words that are examined: more than any film says.
    private static let maxBytes = 8 << 20
    private static let words = [
        "gps", "latitude", "longitude", "home(", "srtcnt", "framecnt", "difftime", "shutter", "altitude",
    ].map { Array($0.utf8) }

    /// `trackBoxes` are the children of a `trak`.
    init(_ file: ByteView, _ trackBoxes: [ISOBox]) throws {
        self.file = file
        var coverage = Coverage(size: file.count)
        try TrackSamples(file, trackBoxes, .text).cover(&coverage)
        places = coverage.parts
    }

    /// Whether they say what a device recorded: where it was, how it was set.
    var areRecordings: Bool {
        get throws {
            var rest = Self.maxBytes
            for place in places {
                guard place.count <= rest else { return true }
                rest -= place.count
                let text = try file.slice(place.lowerBound, place.count).map {
                    (0x41...0x5A).contains($0) ? $0 | 0x20 : $0
                }
                if Self.isRecording(text) { return true }
            }
            return false
        }
    }

    private static func isRecording(_ text: [UInt8]) -> Bool {
        text.indices.contains { index in
            switch text[index] {
            case 0x2B, 0x2D: isPlace(text[index...])
            case let letter: words.contains { $0.first == letter && text[index...].starts(with: $0) }
            }
        }
    }

    /// `+48.8584+002.2945` (ISO 6709).
    private static func isPlace(_ text: ArraySlice<UInt8>) -> Bool {
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        var rest = text.dropFirst()
        for digits in [2, 3] {
            let whole = rest.prefix(while: isDigit)
            guard whole.count == digits, rest.dropFirst(digits).first == 0x2E else { return false }
            rest = rest.dropFirst(digits + 1)
            let fraction = rest.prefix(while: isDigit)
            guard !fraction.isEmpty else { return false }
            rest = rest.dropFirst(fraction.count)
            if digits == 2 {
                guard rest.first == 0x2B || rest.first == 0x2D else { return false }
                rest = rest.dropFirst()
            }
        }
        return true
    }
}
