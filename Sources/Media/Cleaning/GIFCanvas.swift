/// The part of a GIF's canvas that its first frame leaves uncovered: browsers show what is behind the picture. libvips does
/// so only where a frame has a transparent color.
enum GIFCanvas {
    /// An index beyond small color tables, so no pixel has it.
    private static let unused: UInt8 = 255
    private static let (image, introducer, graphicControl): (UInt8, UInt8, UInt8) = (0x2C, 0x21, 0xF9)

    /// A plan for a decoder: the first frame gets a transparent color that no pixel has, if it leaves something uncovered and
    /// has none. Otherwise nothing changes.
    static func transparent(_ file: ByteView) throws -> EditPlan {
        let (width, height) = (try file.littleEndian(6, size: 2), try file.littleEndian(8, size: 2))
        let table = try file.byte(10)
        var position = 13 + tableSize(table)
        var control: Int?
        while let block = try? file.byte(position), block == introducer {
            if (try? file.byte(position + 1)) == graphicControl { control = position }
            position += 2
            while let length = try? file.byte(position) {
                position += 1 + Int(length)
                if length == 0 { break }
            }
        }
        guard (try? file.byte(position)) == image, let flags = try? file.byte(position + 9),
            let place = try? (0..<4).map({ try file.littleEndian(position + 1 + $0 * 2, size: 2) })
        else { return .everything(in: file) }
        let covers = place[0] == 0 && place[1] == 0 && place[2] >= width && place[3] >= height
        // With 256 colors, each may be used.
        let isFull = flags & 0x80 != 0 ? flags & 7 == 7 : table & 7 == 7
        if covers || isFull { return .everything(in: file) }
        if let control {
            let packed = try file.byte(control + 3)
            if packed & 1 == 1 { return .everything(in: file) }
            return try EditPlan.patching(
                size: file.count,
                [
                    Patch(range: (control + 3)..<(control + 4), bytes: [packed | 1]),
                    Patch(range: (control + 6)..<(control + 7), bytes: [unused]),
                ])
        }
        var plan = EditPlan()
        plan.copy(0..<position)
        plan.insert([introducer, graphicControl, 4, 1, 0, 0, unused, 0])
        plan.copy(position..<file.count)
        return plan
    }

    private static func tableSize(_ flags: UInt8) -> Int { flags & 0x80 == 0 ? 0 : 3 << (Int(flags & 7) + 1) }
}
