/// Removes metadata from a HEIC or AVIF without re-encoding. Everything that is not known to be needed for showing the
/// picture is overwritten in place (ISO/IEC 14496-12, section 8.11, and 23008-12). Rotation is a property of the picture here
/// (`irot`, `imir`) and is kept.
enum HEIFCleaner {
    /// Items that are pictures, coded or composed of others. All other items describe them. A `jpeg` would bring its own
    /// EXIF.
    private static let pictureItems: Set<String> = [
        "hvc1", "lhv1", "av01", "avc1", "vvc1", "j2k1", "unci", "grid", "iovl", "iden", "tmap",
    ]
    /// The type of an erased item. Readers skip items of an unknown type.
    private static let erasedItem: StaticString = "skip"

    private static let meta = BoxRule.leaves(["pitm", "iinf", "iloc", "iref", "idat"]).merging(
        [
            "hdlr": .handler, "dinf": MovieRules.dataInformation,
            "iprp": .boxes(["ipco": .boxes(properties), "ipma": .leaf]),
            "grpl": .boxes(BoxRule.leaves(["altr", "eqiv", "ster", "brst"])),
        ], uniquingKeysWith: { $1 })

    /// Settings of decoders, size, position and rotation, colors, light levels, layers. `udes`, `crtt`, `cmex` and
    /// others that say who, when and where are not among them.
    private static let properties = BoxRule.leaves([
        "hvcC", "lhvC", "avcC", "vvcC", "av1C", "j2kH", "uncC", "cmpd", "ispe", "pixi", "pasp", "colr", "rloc", "clap",
        "irot", "imir", "iscl", "auxC", "clli", "mdcv", "cclv", "amve", "ndwt", "reve", "lsel", "a1op", "a1lx", "tols",
        "oinf", "rref", "prdi",
    ])

    static func plan(_ file: ByteView) throws -> EditPlan {
        let boxes = try ISOBox.list(file, in: 0..<file.count, tolerant: true)
        guard boxes.first?.type == "ftyp" else { throw MalformedFile() }
        // A picture that moves is a movie as well, and some are nothing else.
        let movie = try boxes.contains { $0.type == "moov" } ? Movie(file, boxes, isPicture: true) : nil
        guard let meta = boxes.first(where: { $0.type == "meta" }) else {
            guard let movie else { throw MalformedFile() }
            return try MovieCleaner.plan(
                file, boxes, MovieRules.file, removed: movie.removed, coverage: movie.coverage, movie.patches)
        }
        guard !meta.isTruncated else { throw MalformedFile() }
        // `meta` is a full box: version and flags precede its children.
        let children = try BoxCleaner(file: file).children(from: meta.content.lowerBound + 4, of: meta).boxes
        let items = try itemInfos(file, children)
        // Another reader could choose the other one of two.
        let tables = children.map(\.type).filter(["iinf", "iloc", "idat", "iprp"].contains)
        guard Set(tables).count == tables.count, Set(items.map(\.id)).count == items.count else {
            throw MalformedFile()
        }
        let pictures = Set(items.filter { pictureItems.contains($0.type) }.map(\.id))
        var coverage = movie?.coverage ?? Coverage(size: file.count)
        try ItemLocations(file, children).cover(pictures, &coverage)
        var patches = movie?.patches ?? []
        for item in items {
            if !pictures.contains(item.id) { patches.append(.replace(at: item.typeOffset, with: erasedItem)) }
            // The item's name, or its content type.
            patches.append(.zero(item.rest))
        }
        patches += try unusedProperties(file, children)
        patches += coverage.gaps(in: children.filter { $0.type == "idat" }.map(\.content)).map(Patch.zero)
        var rules = movie == nil ? BoxRule.leaves(["ftyp", "mdat"]) : MovieRules.file
        rules["meta"] = .boxes(Self.meta, header: 4)
        // Readers ignore a second one.
        let removed = Set(boxes.filter { $0.type == "meta" }.dropFirst().map(\.range.lowerBound))
            .union(movie?.removed ?? [])
        return try MovieCleaner.plan(file, boxes, rules, removed: removed, coverage: coverage, patches)
    }

    private struct ItemInfo {
        let id: Int
        let type: String
        let typeOffset: Int
        let rest: Range<Int>
    }

    private static func itemInfos(_ file: ByteView, _ meta: [ISOBox]) throws -> [ItemInfo] {
        guard let box = meta.first(where: { $0.type == "iinf" }) else { throw MalformedFile() }
        let countSize = try file.byte(box.content.lowerBound) == 0 ? 2 : 4
        let start = box.content.lowerBound + 4 + countSize
        guard start <= box.content.upperBound else { throw MalformedFile() }
        return try ISOBox.list(file, in: start..<box.content.upperBound, tolerant: false).map { entry in
            let version = try file.byte(entry.content.lowerBound)
            // Versions 0 and 1 have no type, and no HEIF picture uses them.
            guard entry.type == "infe", version == 2 || version == 3 else { throw MalformedFile() }
            let idSize = version == 2 ? 2 : 4
            let id = try file.bigEndian(entry.content.lowerBound + 4, size: idSize)
            let typeOffset = entry.content.lowerBound + 4 + idSize + 2
            guard typeOffset + 4 <= entry.content.upperBound else { throw MalformedFile() }
            return ItemInfo(
                id: id, type: try file.fourCC(typeOffset), typeOffset: typeOffset,
                rest: (typeOffset + 4)..<entry.content.upperBound)
        }
    }

    /// Detaches erased properties from their items, so no reader misses one that it must understand. An index of 0 means none
    /// (23008-12, section 9.3.1).
    private static func unusedProperties(_ file: ByteView, _ meta: [ISOBox]) throws -> [Patch] {
        let boxes = try meta.filter { $0.type == "iprp" }.flatMap {
            try ISOBox.list(file, in: $0.content, tolerant: true)
        }
        let all =
            try boxes.first { $0.type == "ipco" }.map { try ISOBox.list(file, in: $0.content, tolerant: true) } ?? []
        var patches: [Patch] = []
        for box in boxes where box.type == "ipma" {
            var fields = BoxFields(file: file, position: box.content.lowerBound, end: box.content.upperBound)
            let versionAndFlags = try fields.take(4)
            let idSize = versionAndFlags >> 24 == 0 ? 2 : 4
            let indexSize = versionAndFlags & 1 == 0 ? 1 : 2
            for _ in 0..<(try fields.take(4)) {
                try fields.skip(idSize)
                for _ in 0..<(try fields.take(1)) {
                    // The highest bit marks a property that must be understood.
                    let index = try fields.take(indexSize) & (indexSize == 1 ? 0x7F : 0x7FFF)
                    if index > 0, index > all.count || properties[all[index - 1].type] == nil {
                        patches.append(.zero((fields.position - indexSize)..<fields.position))
                    }
                }
            }
        }
        return patches
    }
}
