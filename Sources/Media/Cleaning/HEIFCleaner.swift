/// Removes metadata from a HEIC or AVIF without re-encoding: its items are overwritten in place (ISO/IEC 14496-12,
/// section 8.11, and 23008-12). Rotation is a property of the picture here (`irot`, `imir`) and stays.
enum HEIFCleaner {
    /// Items that are pictures, coded or put together of others. All other items say something about them.
    private static let pictureItems: Set<String> = [
        "hvc1", "lhv1", "av01", "avc1", "vvc1", "jpeg", "j2k1", "unci", "grid", "iovl", "iden", "tmap",
    ]
    /// What an item's type becomes when it is erased.
    private static let erasedItem: StaticString = "skip"
    private static let erasedBoxes: Set<String> = ["uuid", "jumb", "udta", "free", "skip"]

    static func plan(_ file: ByteView) throws -> EditPlan {
        let boxes = try ISOBox.list(file, in: 0..<file.count, tolerant: true)
        guard boxes.first?.type == "ftyp", let meta = boxes.first(where: { $0.type == "meta" }),
            !boxes.contains(where: \.isTruncated)
        else { throw MalformedFile() }
        // A sequence's movie half would need its own cleaning.
        if boxes.contains(where: { $0.type == "moov" }) { throw MalformedFile() }
        // `meta` is a full box: version and flags come before its children.
        guard meta.content.count >= 4 else { throw MalformedFile() }
        let children = try ISOBox.list(
            file, in: (meta.content.lowerBound + 4)..<meta.content.upperBound, tolerant: false)
        var patches = boxes.filter { erasedBoxes.contains($0.type) && !isZero(file, $0.content) }.flatMap(\.erased)
        let items = try itemInfos(file, children).filter {
            !pictureItems.contains($0.type) && $0.type != "\(erasedItem)"
        }
        if !items.isEmpty {
            let ids = Set(items.map(\.id))
            let locations = try ItemLocations(file, children).ranges(of: ids)
            // Under a type that nobody knows a reader passes the item over; its bytes are gone as well.
            patches += items.map { .replace(at: $0.typeOffset, with: erasedItem) } + locations.map(Patch.zero)
        }
        return try EditPlan.patching(size: boxes.last?.range.upperBound ?? 0, patches)
    }

    private static func isZero(_ file: ByteView, _ range: Range<Int>) -> Bool {
        (try? file.slice(range.lowerBound, range.count).allSatisfy { $0 == 0 }) ?? false
    }

    private struct ItemInfo {
        let id: Int
        let type: String
        let typeOffset: Int
    }

    private static func itemInfos(_ file: ByteView, _ meta: [ISOBox]) throws -> [ItemInfo] {
        guard let box = meta.first(where: { $0.type == "iinf" }) else { throw MalformedFile() }
        let countSize = try file.byte(box.content.lowerBound) == 0 ? 2 : 4
        let start = box.content.lowerBound + 4 + countSize
        guard start <= box.content.upperBound else { throw MalformedFile() }
        return try ISOBox.list(file, in: start..<box.content.upperBound, tolerant: false).map { entry in
            let version = try file.byte(entry.content.lowerBound)
            // Versions 0 and 1 name no type; no HEIF picture uses them.
            guard entry.type == "infe", version == 2 || version == 3 else { throw MalformedFile() }
            let idSize = version == 2 ? 2 : 4
            let id = try file.bigEndian(entry.content.lowerBound + 4, size: idSize)
            let typeOffset = entry.content.lowerBound + 4 + idSize + 2
            guard typeOffset + 4 <= entry.content.upperBound else { throw MalformedFile() }
            return ItemInfo(id: id, type: try file.fourCC(typeOffset), typeOffset: typeOffset)
        }
    }
}

/// Where the bytes of items stand: the `iloc` box.
private struct ItemLocations {
    private let file: ByteView
    private let box: ISOBox
    private let itemData: ISOBox?
    private let version: UInt8

    init(_ file: ByteView, _ meta: [ISOBox]) throws {
        guard let box = meta.first(where: { $0.type == "iloc" }) else { throw MalformedFile() }
        self.file = file
        self.box = box
        itemData = meta.first { $0.type == "idat" }
        version = try file.byte(box.content.lowerBound)
        guard version <= 2 else { throw MalformedFile() }
    }

    /// All extents of these items. An item without a place, or partly outside the file, is malformed: its bytes might be
    /// anywhere.
    func ranges(of ids: Set<Int>) throws -> Set<Range<Int>> {
        var cursor = Cursor(file: file, position: box.content.lowerBound + 4, end: box.content.upperBound)
        let sizes = try cursor.take(2)
        let (offsetSize, lengthSize) = (sizes >> 12, sizes >> 8 & 15)
        let (baseSize, indexSize) = (sizes >> 4 & 15, version == 0 ? 0 : sizes & 15)
        var ranges: Set<Range<Int>> = []
        var missing = ids
        for _ in 0..<(try cursor.take(version < 2 ? 2 : 4)) {
            let id = try cursor.take(version < 2 ? 2 : 4)
            let method = version == 0 ? 0 : try cursor.take(2) & 15
            guard try cursor.take(2) == 0 else { throw MalformedFile() }  // the data is in another file
            let base = try cursor.take(baseSize)
            for _ in 0..<(try cursor.take(2)) {
                _ = try cursor.take(indexSize)
                let (offset, length) = (try cursor.take(offsetSize), try cursor.take(lengthSize))
                if ids.contains(id) { ranges.insert(try range(method, base, offset, length)) }
            }
            missing.remove(id)
        }
        guard missing.isEmpty else { throw MalformedFile() }
        return ranges
    }

    private func range(_ method: Int, _ base: Int, _ offset: Int, _ length: Int) throws -> Range<Int> {
        let place: Range<Int>
        switch (method, itemData) {
        case (0, _): place = 0..<file.count
        case (1, let data?): place = data.content
        default: throw MalformedFile()
        }
        let (relative, overflow) = base.addingReportingOverflow(offset)
        // A length of zero means up to the end, which only whole-file items use.
        guard !overflow, relative <= place.count, length > 0, length <= place.count - relative else {
            throw MalformedFile()
        }
        return (place.lowerBound + relative)..<(place.lowerBound + relative + length)
    }
}

/// Reads one field after another.
private struct Cursor {
    let file: ByteView
    var position: Int
    let end: Int

    mutating func take(_ size: Int) throws -> Int {
        guard [0, 2, 4, 8].contains(size), position <= end - size else { throw MalformedFile() }
        defer { position += size }
        return try file.bigEndian(position, size: size)
    }
}
