/// Cuts metadata out of a JPEG without touching its pixels (ITU-T T.81, annex B).
enum JPEGCleaner {
    private enum Marker {
        static let startOfImage: UInt8 = 0xD8
        static let endOfImage: UInt8 = 0xD9
        static let startOfScan: UInt8 = 0xDA
        static let comment: UInt8 = 0xFE
        static let app: ClosedRange<UInt8> = 0xE0...0xEF
        static let jfif: UInt8 = 0xE0
        static let profile: UInt8 = 0xE2
        static let adobe: UInt8 = 0xEE
        /// Markers that stand alone, without a length: TEM and RST0 to RST7.
        static func standsAlone(_ marker: UInt8) -> Bool { marker == 0x01 || (0xD0...0xD7).contains(marker) }
    }

    /// Keeps what decoding needs, JFIF without its thumbnail, the color profile and Adobe's color transform; drops
    /// EXIF, XMP, IPTC, comments, and all that follows the end of the image (previews, other pictures, an archive). A
    /// cut-off image is ended.
    static func plan(_ file: ByteView) throws -> EditPlan {
        guard try file.byte(0) == 0xFF, try file.byte(1) == Marker.startOfImage else { throw MalformedFile() }
        var plan = EditPlan()
        plan.copy(0..<2)
        var position = 2
        while let start = nextMarker(file, from: position) {
            let marker = try file.byte(start + 1)
            if marker == Marker.endOfImage {
                plan.copy(start..<(start + 2))
                return plan
            }
            if marker == Marker.startOfImage { throw MalformedFile() }
            if Marker.standsAlone(marker) {
                position = start + 2
                continue
            }
            guard let end = segmentEnd(file, start) else { break }
            position = end
            if marker == Marker.startOfScan { position = scanEnd(file, from: end) }
            plan.append(kept(marker, start..<position, of: file))
        }
        plan.insert([0xFF, Marker.endOfImage])
        return plan
    }

    /// Skips stray bytes up to the next marker, and fill bytes of 0xFF before it, as decoders do. They are not kept.
    private static func nextMarker(_ file: ByteView, from position: Int) -> Int? {
        var position = position
        while let start = file.first(0xFF, from: position), let marker = try? file.byte(start + 1) {
            if marker != 0xFF && marker != 0 { return start }
            position = start + (marker == 0 ? 2 : 1)
        }
        return nil
    }

    /// Nil if the segment is truncated.
    private static func segmentEnd(_ file: ByteView, _ start: Int) -> Int? {
        guard let length = try? file.bigEndian(start + 2, size: 2), length >= 2 else { return nil }
        let end = start + 2 + length
        return end <= file.count ? end : nil
    }

    /// Entropy-coded data continues over stuffed zeros and restart markers.
    private static func scanEnd(_ file: ByteView, from position: Int) -> Int {
        var position = position
        while let start = file.first(0xFF, from: position), let marker = try? file.byte(start + 1) {
            if marker != 0 && !Marker.standsAlone(marker) && marker != 0xFF { return start }
            position = start + (marker == 0xFF ? 1 : 2)
        }
        return file.count
    }

    private static func kept(_ marker: UInt8, _ segment: Range<Int>, of file: ByteView) -> EditPlan {
        let content = segment.lowerBound + 4
        var plan = EditPlan()
        switch marker {
        case Marker.jfif where file.has("JFIF\0", at: content): plan = bareJFIF(segment, of: file)
        case Marker.profile where file.has("ICC_PROFILE\0", at: content): plan.copy(segment)
        case Marker.adobe where file.has("Adobe", at: content): plan = shortened(segment, to: 12)
        case Marker.comment, Marker.app: break
        default: plan.copy(segment)
        }
        return plan
    }

    /// ITU-T T.871, section 10.1: five letters, version and resolution, then a thumbnail's size, and the thumbnail.
    private static func bareJFIF(_ segment: Range<Int>, of file: ByteView) -> EditPlan {
        let hasThumbnail = (try? file.bigEndian(segment.lowerBound + 16, size: 2)) != 0
        return shortened(segment, to: hasThumbnail ? 12 : 14, adding: hasThumbnail ? [0, 0] : [])
    }

    /// The segment with the first `count` bytes of its content and then `tail`; nothing if it has fewer bytes.
    private static func shortened(_ segment: Range<Int>, to count: Int, adding tail: [UInt8] = []) -> EditPlan {
        let content = segment.dropFirst(4)
        var plan = EditPlan()
        guard content.count >= count + tail.count else { return plan }
        if content.count == count && tail.isEmpty {
            plan.copy(segment)
        } else {
            plan.copy(segment.prefix(2))
            plan.insert([0, UInt8(2 + count + tail.count)])
            plan.copy(content.prefix(count))
            if !tail.isEmpty { plan.insert(tail) }
        }
        return plan
    }
}
