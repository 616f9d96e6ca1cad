/// The positions of items' bytes: the `iloc` box (ISO/IEC 14496-12, section 8.11.3).
struct ItemLocations {
    private let file: ByteView
    private let box: ISOBox
    private let itemData: ISOBox?
    private let version: UInt8

    /// `meta` holds the children of that box.
    init(_ file: ByteView, _ meta: [ISOBox]) throws {
        guard let box = meta.first(where: { $0.type == "iloc" }) else { throw MalformedFile() }
        self.file = file
        self.box = box
        itemData = meta.first { $0.type == "idat" }
        version = try file.byte(box.content.lowerBound)
        guard version <= 2 else { throw MalformedFile() }
    }

    /// Adds all extents of these items. An item partly outside the file is malformed.
    func cover(_ ids: Set<Int>, _ coverage: inout Coverage) throws {
        var fields = BoxFields(file: file, position: box.content.lowerBound + 4, end: box.content.upperBound)
        let sizes = try fields.take(2)
        let (offsetSize, lengthSize) = (sizes >> 12, sizes >> 8 & 15)
        let (baseSize, indexSize) = (sizes >> 4 & 15, version == 0 ? 0 : sizes & 15)
        // Only whole-file items have a length of no bytes. It could also be repeated endlessly.
        guard lengthSize > 0, [offsetSize, lengthSize, baseSize, indexSize].allSatisfy({ [0, 4, 8].contains($0) })
        else { throw MalformedFile() }
        for _ in 0..<(try fields.take(version < 2 ? 2 : 4)) {
            let id = try fields.take(version < 2 ? 2 : 4)
            let method = version == 0 ? 0 : try fields.take(2) & 15
            guard try fields.take(2) == 0 else { throw MalformedFile() }  // the data is in another file
            let base = try fields.take(baseSize)
            for _ in 0..<(try fields.take(2)) {
                try fields.skip(indexSize)
                let (offset, length) = (try fields.take(offsetSize), try fields.take(lengthSize))
                if ids.contains(id) {
                    let range = try range(method, base, offset, length)
                    try coverage.add(range.lowerBound, count: range.count)
                }
            }
        }
    }

    private func range(_ method: Int, _ base: Int, _ offset: Int, _ length: Int) throws -> Range<Int> {
        let place: Range<Int>
        switch (method, itemData) {
        case (0, _): place = 0..<file.count
        case (1, let data?): place = data.content
        default: throw MalformedFile()
        }
        let (relative, overflow) = base.addingReportingOverflow(offset)
        // A length of zero means up to the end. Only whole-file items use it.
        guard !overflow, relative <= place.count, length > 0, length <= place.count - relative else {
            throw MalformedFile()
        }
        return (place.lowerBound + relative)..<(place.lowerBound + relative + length)
    }
}
