/// The frames of a FLAC, to find where the sound ends (RFC 9639, section 9). A frame does not say how long it is.
struct FLACFrames {
    private let file: ByteView
    private let space: Range<Int>
    /// Bits of a sample, as the settings say.
    private let depth: Int
    /// How many frames may be lost between two.
    private static let maxLost: UInt64 = 1000

    /// `settings` is where the content of the first block begins, 34 bytes; `space` is where frames are.
    init(file: ByteView, settings: Int, space: Range<Int>) throws {
        self.file = file
        self.space = space
        // 20 bits of rate, three of channels, five of depth.
        depth = (try file.bigEndian(settings + 12, size: 2) >> 4 & 0x1F) + 1
    }

    private struct Header {
        let length: Int
        /// What all frames of a sound have in common: how they are numbered.
        let isVariable: Bool
        let number: UInt64
        let samples: Int
        let rate: Int
        let channels: UInt8
        let bits: UInt8
    }

    /// Where the last frame ends. A sound that is cut off, or whose last frame is damaged, ends with the space.
    var end: Int {
        guard var last = header(at: space.lowerBound) else { return space.upperBound }
        var position = space.lowerBound
        var search = position + last.length
        while let next = file.first(0xFF, from: search), next < space.upperBound {
            if let header = header(at: next), follows(header, last) {
                (position, last) = (next, header)
                search = next + header.length
            } else {
                search = next + 1
            }
        }
        return (try? frameEnd(position, last)) ?? space.upperBound
    }

    private func follows(_ header: Header, _ last: Header) -> Bool {
        let step = header.isVariable ? UInt64(last.samples) : 1
        return header.isVariable == last.isVariable && header.rate == last.rate && header.bits == last.bits
            && header.number > last.number && header.number - last.number <= step * Self.maxLost
    }

    /// Nil unless there is a header with a matching checksum.
    private func header(at position: Int) -> Header? {
        guard let head = try? file.bigEndian(position, size: 4), head >> 17 == 0x7FFC, head & 1 == 0 else { return nil }
        let (sizeCode, rateCode) = (head >> 12 & 15, head >> 8 & 15)
        let (channels, bits) = (UInt8(head >> 4 & 15), UInt8(head >> 1 & 7))
        guard sizeCode != 0, rateCode != 15, channels <= 10, bits != 3 else { return nil }
        guard let (number, numberLength) = number(at: position + 4) else { return nil }
        var end = position + 4 + numberLength
        let samples: Int
        switch sizeCode {
        case 1: samples = 192
        case 2...5: samples = 576 << (sizeCode - 2)
        case 6, 7:
            let size = sizeCode - 5
            guard let value = try? file.bigEndian(end, size: size) else { return nil }
            samples = value + 1
            end += size
        default: samples = 256 << (sizeCode - 8)
        }
        end += rateCode == 12 ? 1 : rateCode >= 13 ? 2 : 0
        guard let bytes = try? file.slice(position, end - position), let checksum = try? file.byte(end),
            Self.crc8(bytes) == checksum
        else { return nil }
        return Header(
            length: end + 1 - position, isVariable: head >> 16 & 1 == 1, number: number, samples: samples,
            rate: rateCode, channels: channels, bits: bits)
    }

    /// Coded as in UTF-8, up to seven bytes.
    private func number(at position: Int) -> (UInt64, length: Int)? {
        guard let first = try? file.byte(position) else { return nil }
        let ones = (~first).leadingZeroBitCount
        if ones == 0 { return (UInt64(first), 1) }
        guard (2...7).contains(ones), let rest = try? file.slice(position + 1, ones - 1),
            rest.allSatisfy({ $0 & 0xC0 == 0x80 })
        else { return nil }
        let start = ones == 7 ? 0 : UInt64(first & (0x7F >> UInt8(ones)))
        return (rest.reduce(start) { $0 << 6 | UInt64($1 & 0x3F) }, ones)
    }

    private static func crc8(_ bytes: some Sequence<UInt8>) -> UInt8 {
        bytes.reduce(0) { crc, byte in
            (0..<8).reduce(crc ^ byte) { value, _ in value & 0x80 == 0 ? value << 1 : value << 1 ^ 0x07 }
        }
    }

    // MARK: - The length of one frame

    /// Reads through the codes of a frame, for nothing else says where it ends.
    private func frameEnd(_ position: Int, _ header: Header) throws -> Int {
        var bits = BitReader(file: file, position: (position + header.length) * 8)
        let sizes = [self.depth, 8, 12, 0, 16, 20, 24, 32]
        let depth = sizes[Int(header.bits)]
        let count = header.channels < 8 ? Int(header.channels) + 1 : 2
        for channel in 0..<count {
            // The side channel of a stereo pair has one bit more.
            let isSide = header.channels == 9 ? channel == 0 : header.channels >= 8 && channel == 1
            try skipSubframe(&bits, header.samples, depth + (isSide ? 1 : 0))
        }
        // Padding, and a checksum.
        let end = (bits.position + 7) / 8 + 2
        guard end <= file.count else { throw MalformedFile() }
        return end
    }

    private func skipSubframe(_ bits: inout BitReader, _ samples: Int, _ depth: Int) throws {
        guard try bits.take(1) == 0 else { throw MalformedFile() }
        let type = try bits.take(6)
        var depth = depth
        if try bits.take(1) == 1 { depth -= try bits.unary() + 1 }
        guard depth > 0 else { throw MalformedFile() }
        switch type {
        case 0: try bits.skip(depth)
        case 1: try bits.skip(depth * samples)
        case 8...12:
            try bits.skip(depth * (type - 8))
            try skipResidual(&bits, samples, order: type - 8)
        case 32...63:
            let order = type - 31
            try bits.skip(depth * order)
            let precision = try bits.take(4) + 1
            try bits.skip(5 + precision * order)
            try skipResidual(&bits, samples, order: order)
        default: throw MalformedFile()
        }
    }

    private func skipResidual(_ bits: inout BitReader, _ samples: Int, order: Int) throws {
        let method = try bits.take(2)
        guard method <= 1 else { throw MalformedFile() }
        let width = method == 0 ? 4 : 5
        let partitionOrder = try bits.take(4)
        let size = samples >> partitionOrder
        for partition in 0..<(1 << partitionOrder) {
            let count = size - (partition == 0 ? order : 0)
            guard count >= 0 else { throw MalformedFile() }
            let parameter = try bits.take(width)
            if parameter == (1 << width) - 1 {
                try bits.skip(try bits.take(5) * count)
            } else {
                for _ in 0..<count {
                    _ = try bits.unary()
                    try bits.skip(parameter)
                }
            }
        }
    }
}

/// Reads bits, the highest of a byte first. `position` counts bits.
private struct BitReader {
    let file: ByteView
    var position: Int

    mutating func skip(_ count: Int) throws {
        position += count
        guard position <= file.count * 8 else { throw MalformedFile() }
    }

    /// At most 6 bits.
    mutating func take(_ count: Int) throws -> Int {
        var value = 0
        for _ in 0..<count {
            value = value << 1 | (Int(try file.byte(position >> 3)) >> (7 - position & 7) & 1)
            position += 1
        }
        return value
    }

    /// The zeros before the next one.
    mutating func unary() throws -> Int {
        var zeros = 0
        while true {
            let byte = try file.byte(position >> 3) << UInt8(position & 7)
            if byte != 0 {
                zeros += byte.leadingZeroBitCount
                position += byte.leadingZeroBitCount + 1
                return zeros
            }
            let rest = 8 - position & 7
            zeros += rest
            position += rest
        }
    }
}
