/// Cuts metadata out of a GIF without touching its pixels (GIF89a specification).
enum GIFCleaner {
    private enum Block {
        static let image: UInt8 = 0x2C
        static let `extension`: UInt8 = 0x21
        static let trailer: UInt8 = 0x3B
    }
    private static let graphicControl: UInt8 = 0xF9
    private static let application: UInt8 = 0xFF

    /// Keeps frames, their timing and the loop count; drops comments, XMP, other applications' data, plain text, and all
    /// that follows the trailer. A cut-off file keeps what there is and is ended.
    static func plan(_ file: ByteView) throws -> EditPlan {
        guard file.has("GIF87a", at: 0) || file.has("GIF89a", at: 0) else { throw MalformedFile() }
        var plan = EditPlan()
        var position = 13 + colourTableSize(try file.byte(10))
        guard position <= file.count else { throw MalformedFile() }
        plan.copy(0..<position)
        while let block = try? file.byte(position) {
            switch block {
            case Block.trailer:
                plan.copy(position..<(position + 1))
                return plan
            case Block.image:
                guard let flags = try? file.byte(position + 9) else { return plan.ended() }
                let data = position + 10 + colourTableSize(flags) + 1
                guard let end = subBlocksEnd(file, from: data) else {
                    // The frame is cut off: what there is of it is shown.
                    plan.copy(position..<file.count)
                    return plan
                }
                plan.copy(position..<end)
                position = end
            case Block.extension:
                guard let label = try? file.byte(position + 1), let end = subBlocksEnd(file, from: position + 2) else {
                    return plan.ended()
                }
                if label == graphicControl || (label == application && isLoopCount(file, position + 2)) {
                    plan.copy(position..<end)
                }
                position = end
            default:
                throw MalformedFile()
            }
        }
        return plan.ended()
    }

    private static func colourTableSize(_ flags: UInt8) -> Int { flags & 0x80 == 0 ? 0 : 3 << (Int(flags & 7) + 1) }

    /// Sub-blocks, each with its length before it, end with an empty one.
    private static func subBlocksEnd(_ file: ByteView, from position: Int) -> Int? {
        var position = position
        while let length = try? file.byte(position) {
            position += 1 + Int(length)
            if length == 0 { return position }
        }
        return nil
    }

    private static func isLoopCount(_ file: ByteView, _ position: Int) -> Bool {
        file.has("\u{0B}NETSCAPE2.0", at: position) || file.has("\u{0B}ANIMEXTS1.0", at: position)
    }
}

extension EditPlan {
    fileprivate func ended() -> EditPlan {
        var plan = self
        plan.insert([0x3B])
        return plan
    }
}
