/// Removes metadata from a WebM or Matroska without re-encoding and without writing it anew: what is not known to be needed is
/// overwritten in place, so positions stay valid, and so do alpha channels, languages and codecs that a muxer does not know.
struct MatroskaCleaner {
    private typealias ID = MatroskaRules.ID
    private let file: ByteView
    private var patches: [Patch] = []
    /// The numbers of the tracks that are kept.
    private var tracks: Set<Int> = []
    private var hasDuration = false
    private var hasCues = false
    private var hasClusters = false
    /// Nanoseconds of a unit of time.
    private var scale = 1_000_000
    /// When the last block begins, in units.
    private var lastTime = 0

    struct Survey {
        let plan: EditPlan
        /// Whether it lacks what players need to show its length and to seek: browsers record such files.
        let isLive: Bool
        /// When the last block begins, in seconds.
        let duration: Double
    }

    static func plan(_ file: ByteView) throws -> EditPlan { try survey(file).plan }

    static func survey(_ file: ByteView) throws -> Survey {
        var cleaner = MatroskaCleaner(file: file)
        let plan = try cleaner.plan()
        return Survey(
            plan: plan, isLive: !cleaner.hasDuration || !cleaner.hasCues,
            duration: Double(cleaner.lastTime) * Double(cleaner.scale) / 1e9)
    }

    private init(file: ByteView) { self.file = file }

    private mutating func plan() throws -> EditPlan {
        guard let header = EBMLElement.read(file, at: 0, limit: file.count), header.id == ID.header,
            !header.hasUnknownSize, let segment = segment(behind: header)
        else { throw MalformedFile() }
        try clean(header.content, MatroskaRules.header)
        let end = try cleanSegment(segment.content)
        guard hasClusters, !tracks.isEmpty else { throw MalformedFile() }
        // Where the segment says it is longer, bytes of nothing follow.
        let size = segment.hasUnknownSize ? end : segment.range.upperBound
        zero(end..<size)
        return try EditPlan.patching(size: size, patches)
    }

    private mutating func zero(_ range: Range<Int>) {
        if !range.isEmpty, !file.isZero(range) { patches.append(.zero(range)) }
    }

    private mutating func add(_ patches: [Patch]) {
        self.patches += patches.filter { !$0.range.isEmpty && $0.changes(file) }
    }

    /// Void elements may stand before it.
    private mutating func segment(behind header: EBMLElement) -> EBMLElement? {
        var position = header.range.upperBound
        while let element = EBMLElement.read(file, at: position, limit: file.count) {
            if element.id == ID.segment { return element }
            guard element.id == EBMLElement.void else { return nil }
            zero(element.content)
            position = element.range.upperBound
        }
        return nil
    }

    /// Returns where its last element ends.
    private mutating func cleanSegment(_ space: Range<Int>) throws -> Int {
        var position = space.lowerBound
        while let element = EBMLElement.read(file, at: position, limit: space.upperBound) {
            guard MatroskaRules.segment[element.id] != nil || Self.isKnown(element.id) else { break }
            if element.id == ID.cluster {
                position = try cleanCluster(element)
                continue
            }
            guard !element.hasUnknownSize else { throw MalformedFile() }
            switch element.id {
            case ID.tracks: try cleanTracks(element)
            case ID.seekHead: try cleanSeekHead(element)
            case ID.info:
                try readInfo(element)
                try clean(element, MatroskaRules.segment)
            default:
                hasCues = hasCues || element.id == ID.cues
                try clean(element, MatroskaRules.segment)
            }
            position = element.range.upperBound
        }
        // What follows the last element, or a damaged place: a reader would find the cluster behind it.
        guard !hasMore(from: position, space.upperBound) else { throw MalformedFile() }
        return position
    }

    private mutating func readInfo(_ element: EBMLElement) throws {
        for child in EBMLElement.list(file, in: element.content) {
            if child.id == ID.duration { hasDuration = true }
            if child.id == ID.timeScale, child.content.count <= 8 {
                scale = try file.bigEndian(child.content.lowerBound, size: child.content.count)
            }
        }
    }

    /// Tags, chapters, attachments, void, checksums.
    private static func isKnown(_ id: UInt32) -> Bool {
        [0x1254_C367, 0x1043_A770, 0x1941_A469, EBMLElement.void, EBMLElement.checksum].contains(id)
    }

    /// Whether another cluster comes: then the file is damaged, and a reader would find that cluster.
    private func hasMore(from position: Int, _ limit: Int) -> Bool {
        var position = position
        while let next = file.first(0x1F, from: position), next < limit {
            if let id = try? file.bigEndian(next, size: 4), id == ID.cluster { return true }
            position = next + 1
        }
        return false
    }

    // MARK: - Elements

    private mutating func clean(_ space: Range<Int>, _ rules: [UInt32: EBMLRule]) throws {
        try cleanChildren(space) { cleaner, element in try cleaner.clean(element, rules) }
    }

    /// Cleans each element in `space`. If something changes, the checksum over it goes.
    private mutating func cleanChildren(
        _ space: Range<Int>, _ body: (inout MatroskaCleaner, EBMLElement) throws -> Void
    ) throws {
        let elements = EBMLElement.list(file, in: space)
        let before = patches.count
        for element in elements where element.id != EBMLElement.checksum { try body(&self, element) }
        zero((elements.last?.range.upperBound ?? space.lowerBound)..<space.upperBound)
        guard patches.count > before else { return }
        for element in elements where element.id == EBMLElement.checksum { add(element.erased) }
    }

    private mutating func clean(_ element: EBMLElement, _ rules: [UInt32: EBMLRule]) throws {
        switch rules[element.id] {
        case .leaf: break
        case .emptied: zero(element.content)
        case .elements(let rules): try clean(element.content, rules)
        case nil:
            if element.id == EBMLElement.void { zero(element.content) } else { add(element.erased) }
        }
    }

    private mutating func cleanTracks(_ tracks: EBMLElement) throws {
        try cleanChildren(tracks.content) { cleaner, entry in
            let children = EBMLElement.list(cleaner.file, in: entry.content)
            guard entry.id == ID.track, let track = cleaner.number(ID.trackNumber, of: children),
                let type = cleaner.number(ID.trackType, of: children), MatroskaRules.trackTypes.contains(type)
            else { return try cleaner.clean(entry, [:]) }
            cleaner.tracks.insert(track)
            try cleaner.clean(entry.content, MatroskaRules.track)
            try cleaner.cleanSettings(children)
        }
    }

    private func number(_ id: UInt32, of elements: [EBMLElement]) -> Int? {
        guard let content = elements.first(where: { $0.id == id })?.content, (1...8).contains(content.count) else {
            return nil
        }
        return try? file.bigEndian(content.lowerBound, size: content.count)
    }

    /// Some codecs have their tags among their settings.
    private mutating func cleanSettings(_ track: [EBMLElement]) throws {
        guard let settings = track.first(where: { $0.id == ID.settings })?.content,
            let codec = track.first(where: { $0.id == ID.codec })?.content, codec.count <= 32
        else { return }
        switch String(decoding: try file.slice(codec.lowerBound, codec.count).prefix { $0 != 0 }, as: UTF8.self) {
        case "A_VORBIS", "V_THEORA": add(try XiphComments.patches(file, in: settings))
        case "A_FLAC":
            guard settings.count >= 4, file.has("fLaC", at: settings.lowerBound) else { return }
            add(try FLACCleaner.patches(file, in: (settings.lowerBound + 4)..<settings.upperBound))
        default: break
        }
    }

    /// Without the entries for what is erased.
    private mutating func cleanSeekHead(_ element: EBMLElement) throws {
        try cleanChildren(element.content) { cleaner, entry in
            let target = cleaner.number(ID.seekID, of: EBMLElement.list(cleaner.file, in: entry.content))
            let isKept = target.flatMap { UInt32(exactly: $0) }.map { MatroskaRules.segment[$0] != nil } == true
            if entry.id != ID.seek || !isKept { try cleaner.clean(entry, [:]) }
        }
    }

    /// Returns where it ends.
    private mutating func cleanCluster(_ cluster: EBMLElement) throws -> Int {
        // Blocks are known by the numbers of their tracks.
        guard !tracks.isEmpty else { throw MalformedFile() }
        hasClusters = true
        let before = patches.count
        var checksums: [EBMLElement] = []
        var position = cluster.content.lowerBound
        var time = 0
        while let element = EBMLElement.read(file, at: position, limit: cluster.content.upperBound) {
            let isKnown =
                MatroskaRules.cluster[element.id] != nil || element.id == EBMLElement.void
                || element.id == EBMLElement.checksum
            // The next element of the segment ends a cluster of unknown size.
            if cluster.hasUnknownSize && !isKnown { break }
            guard !element.hasUnknownSize, patches.count <= Self.maxPatches else { throw MalformedFile() }
            if element.id == EBMLElement.checksum {
                checksums.append(element)
            } else if let block = block(element), let place = Place(file, block) {
                if tracks.contains(place.track) {
                    lastTime = max(lastTime, time + place.time)
                    try clean(element, MatroskaRules.cluster)
                } else {
                    add(element.erased)
                }
            } else {
                if element.id == ID.time { time = min(number(ID.time, of: [element]) ?? 0, Self.maxTime) }
                try clean(element, MatroskaRules.cluster)
            }
            position = element.range.upperBound
        }
        if !cluster.hasUnknownSize {
            zero(position..<cluster.content.upperBound)
            position = cluster.content.upperBound
        }
        if patches.count > before { for element in checksums { add(element.erased) } }
        return position
    }

    /// Changes in one file: more than any muxer's blocks need, and few enough for a worker's memory.
    private static let maxPatches = 1_000_000

    /// In units of any size: more than a film lasts, and small enough for sums.
    private static let maxTime = 1 << 60

    /// The block in an element of a cluster.
    private func block(_ element: EBMLElement) -> EBMLElement? {
        switch element.id {
        case ID.simpleBlock: element
        case ID.blockGroup: EBMLElement.list(file, in: element.content).first { $0.id == ID.block }
        default: nil
        }
    }

    /// How a block begins: the number of its track, and its time after the cluster's.
    private struct Place {
        let track: Int
        let time: Int

        init?(_ file: ByteView, _ block: EBMLElement) {
            let start = block.content.lowerBound
            guard let first = try? file.byte(start) else { return nil }
            let length = first.leadingZeroBitCount + 1
            guard length <= 8, block.content.count >= length + 2, let coded = try? file.bigEndian(start, size: length),
                let time = try? file.bigEndian(start + length, size: 2)
            else { return nil }
            track = coded & ((1 << (7 * length)) - 1)
            self.time = Int(Int16(truncatingIfNeeded: time))
        }
    }
}
