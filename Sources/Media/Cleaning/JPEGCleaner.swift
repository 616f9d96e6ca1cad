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
    static func plan(_ file: ByteView) throws -> EditPlan { try survey(file).plan }

    /// - Parameter orientation: The EXIF orientation to write, for a picture that is not turned itself.
    /// - Returns: The plan, and whether something is cut out between the scans: in a damaged file, a decoder may have taken that
    ///   for something else.
    static func survey(_ file: ByteView, orientation: UInt8 = 1) throws -> (plan: EditPlan, cutsScans: Bool) {
        guard try file.byte(0) == 0xFF, try file.byte(1) == Marker.startOfImage else { throw MalformedFile() }
        var plan = EditPlan()
        plan.copy(0..<2)
        var needsOrientation = orientation != 1
        var position = 2
        while let start = nextMarker(file, from: position) {
            let marker = try file.byte(start + 1)
            // JFIF comes first where there is one.
            if needsOrientation, marker != Marker.jfif {
                plan.insert(exif(orientation))
                needsOrientation = false
            }
            if marker == Marker.endOfImage {
                plan.copy(start..<(start + 2))
                return (plan, false)
            }
            if marker == Marker.startOfImage { throw MalformedFile() }
            if Marker.standsAlone(marker) {
                position = start + 2
                continue
            }
            guard let end = segmentEnd(file, start) else { break }
            if marker == Marker.startOfScan {
                let cutsScans = try keepScans(of: file, from: start, in: &plan)
                return (plan, cutsScans)
            }
            position = end
            plan.append(kept(marker, start..<position, of: file))
        }
        plan.insert([0xFF, Marker.endOfImage])
        return (plan, false)
    }

    /// Keeps everything from the first scan to the end of the image, byte for byte, without the segments of metadata
    /// between scans. Decoders resynchronize at markers in their own ways, so a marker that makes no sense stays where it is.
    /// Returns whether something was cut out.
    private static func keepScans(of file: ByteView, from start: Int, in plan: inout EditPlan) throws -> Bool {
        var kept = start
        var isCut = false
        var position = start
        while let place = file.first(0xFF, from: position), let marker = try? file.byte(place + 1) {
            switch marker {
            case 0xFF: position = place + 1
            case 0: position = place + 2
            case Marker.endOfImage:
                plan.copy(kept..<(place + 2))
                return isCut
            // Another picture begins, although this one has no end.
            case Marker.startOfImage where (try? file.byte(place + 2)) == 0xFF && isSegment(file, place + 2):
                plan.copy(kept..<place)
                plan.insert([0xFF, Marker.endOfImage])
                return true
            case _ where Marker.standsAlone(marker): position = place + 2
            case _ where isSegment(file, place):
                position = segmentEnd(file, place) ?? file.count
                if Marker.app.contains(marker) || marker == Marker.comment {
                    plan.copy(kept..<place)
                    kept = position
                    isCut = true
                }
            default: position = place + 2
            }
        }
        // A lone 0xFF at the end would make the end's marker another one.
        let last = try file.byte(file.count - 1)
        let end = last == 0xFF ? file.count - 1 : file.count
        plan.copy(kept..<max(kept, end))
        plan.insert([0xFF, Marker.endOfImage])
        return isCut
    }

    /// Whether a marker in the midst of a scan begins a segment, and is no damage: another marker follows the segment, a scan
    /// follows its header, or metadata says what it is.
    private static func isSegment(_ file: ByteView, _ start: Int) -> Bool {
        guard let marker = try? file.byte(start + 1), marker >= 0xC0, let end = segmentEnd(file, start) else {
            return false
        }
        switch marker {
        case Marker.startOfScan:
            // The number of components, two bytes for each, and three more (section B.2.3).
            guard let count = try? file.byte(start + 4), (1...4).contains(count) else { return false }
            return end == start + 8 + 2 * Int(count)
        case Marker.app: return isNamed(file, start) || isMarker(file, end)
        default: return isMarker(file, end)
        }
    }

    private static func isMarker(_ file: ByteView, _ position: Int) -> Bool {
        guard (try? file.byte(position)) == 0xFF, let marker = try? file.byte(position + 1) else { return false }
        return marker >= 0xC0 && !Marker.standsAlone(marker)
    }

    /// An application's segment begins with its name. Damage may look like letters, but not like these.
    private static func isNamed(_ file: ByteView, _ start: Int) -> Bool {
        let names: [StaticString] = [
            "Exif\0", "http://", "Photoshop ", "ICC_PROFILE\0", "Adobe", "JFIF\0", "JFXX\0", "MPF\0", "Ducky", "FLIR\0",
        ]
        return names.contains { file.has($0, at: start + 4) }
    }

    /// A segment with nothing but the orientation (Exif 2.32, section 4.6.4).
    private static func exif(_ orientation: UInt8) -> [UInt8] {
        let directory: [UInt8] = [0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]
        let content = Array("Exif\0\0MM\0*".utf8) + [0, 0, 0, 8] + directory
        return [0xFF, Marker.app.lowerBound + 1, 0, UInt8(content.count + 2)] + content
    }

    /// Whether the picture is coded in several scans, all of which a decoder keeps in memory (section G.1).
    static func isProgressive(_ file: ByteView) -> Bool {
        var position = 2
        while let start = nextMarker(file, from: position), let marker = try? file.byte(start + 1) {
            if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
                return marker != 0xC0 && marker != 0xC1
            }
            guard let end = Marker.standsAlone(marker) ? start + 2 : segmentEnd(file, start) else { return true }
            position = end
        }
        return true
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
