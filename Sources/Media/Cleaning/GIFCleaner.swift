/// Cuts metadata out of a GIF without touching its pixels (GIF89a specification).
enum GIFCleaner {
    private enum Block {
        static let image: UInt8 = 0x2C
        static let `extension`: UInt8 = 0x21
        static let trailer: UInt8 = 0x3B
    }
    private static let graphicControl: UInt8 = 0xF9
    private static let application: UInt8 = 0xFF

    /// Keeps frames, their timing and the loop count. Drops comments, XMP, other applications' data, plain text, and
    /// everything after the trailer. A truncated file keeps its complete parts and gets a trailer.
    static func plan(_ file: ByteView) throws -> EditPlan { try survey(file, keeping: .max).plan }

    /// The plan for a file of the first `limit` frames, and the number of frames.
    static func survey(_ file: ByteView, keeping limit: Int) throws -> (plan: EditPlan, frames: Int) {
        guard file.has("GIF87a", at: 0) || file.has("GIF89a", at: 0) else { throw MalformedFile() }
        var plan = EditPlan()
        var frames = 0
        var position = 13 + colorTableSize(try file.byte(10))
        guard position <= file.count else { throw MalformedFile() }
        plan.copy(0..<position)
        while let block = try? file.byte(position) {
            switch block {
            case Block.trailer:
                plan.copy(position..<(position + 1))
                return (plan, frames)
            case Block.image:
                guard let flags = try? file.byte(position + 9) else { return (plan.ended(), frames) }
                let data = position + 10 + colorTableSize(flags) + 1
                frames += 1
                guard let end = subBlocksEnd(file, from: data) else {
                    guard frames <= limit else { return (plan.ended(), frames) }
                    // The frame is truncated. Decoders show the part that exists.
                    plan.copy(position..<file.count)
                    return (plan, frames)
                }
                if frames <= limit { plan.copy(position..<end) }
                position = end
            case Block.extension:
                guard let label = try? file.byte(position + 1), let end = subBlocksEnd(file, from: position + 2) else {
                    return (plan.ended(), frames)
                }
                if frames < limit { plan.append(kept(position..<end, label, of: file)) }
                position = end
            default:
                // Padding or a lost byte. Decoders show the frames before it.
                guard frames > 0 else { throw MalformedFile() }
                return (plan.ended(), frames)
            }
        }
        return (plan.ended(), frames)
    }

    private static func colorTableSize(_ flags: UInt8) -> Int { flags & 0x80 == 0 ? 0 : 3 << (Int(flags & 7) + 1) }

    /// Sub-blocks have their length in front and end with an empty one.
    private static func subBlocksEnd(_ file: ByteView, from position: Int) -> Int? {
        var position = position
        while let length = try? file.byte(position) {
            position += 1 + Int(length)
            if length == 0 { return position }
        }
        return nil
    }

    /// The one sub-block of a graphic control (section 23), or the one with the loop count after the application's name
    /// (Netscape's extension: https://www.vurdalakov.net/misc/gif/netscape-looping-application-extension).
    private static func kept(_ whole: Range<Int>, _ label: UInt8, of file: ByteView) -> EditPlan {
        let content = whole.lowerBound + 2
        switch label {
        case graphicControl: return shortened(whole, toBlockAt: content, ofSize: 4, in: file)
        case application where isLoopCount(file, content) && (try? file.byte(content + 13)) == 1:
            return shortened(whole, toBlockAt: content + 12, ofSize: 3, in: file)
        default: return EditPlan()
        }
    }

    /// The extension without the sub-blocks after the one at `block`; nothing if that one has another size.
    private static func shortened(
        _ whole: Range<Int>, toBlockAt block: Int, ofSize size: UInt8, in file: ByteView
    ) -> EditPlan {
        var plan = EditPlan()
        guard (try? file.byte(block)) == size else { return plan }
        let end = block + 1 + Int(size)
        if whole.upperBound == end + 1 {
            plan.copy(whole)
        } else {
            plan.copy(whole.lowerBound..<end)
            plan.insert([0])
        }
        return plan
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
