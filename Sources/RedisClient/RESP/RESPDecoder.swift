public import NIOCore

/// Reads values from bytes that arrive in pieces. No byte is looked at twice, however small the pieces are, and what is
/// kept is bounded by the limits. After an error it stays at that error, because nobody knows where the next value begins.
public struct RESPDecoder: Sendable {
    /// An array whose elements are not all there.
    private struct Level: Sendable {
        var missing: Int
        var values: [RESPValue] = []
    }

    private let limits: RESPLimits
    private var buffer = ByteBuffer()
    /// The first bytes of the buffer, which hold no line end.
    private var scanned = 0
    /// The length of the string that is being received.
    private var bulk: Int?
    private var levels: [Level] = []
    /// Of the value that is being received.
    private var bytes = 0
    private var elements = 0
    private var failure: RESPError?

    public init(limits: RESPLimits = RESPLimits()) { self.limits = limits }

    public mutating func receive(_ piece: ByteBuffer) {
        guard failure == nil else { return }
        if buffer.readableBytes == 0 {
            buffer = piece
        } else {
            var piece = piece
            buffer.discardReadBytes()
            buffer.writeBuffer(&piece)
        }
    }

    /// - Returns: Nil until the rest of the value is there.
    public mutating func next() throws(RESPError) -> RESPValue? {
        if let failure { throw failure }
        do {
            while let part = try nextPart() {
                if let value = complete(part) {
                    bytes = 0
                    elements = 0
                    return value
                }
            }
            return nil
        } catch {
            failure = error
            buffer = ByteBuffer()
            levels = []
            throw error
        }
    }

    private enum Part {
        case value(RESPValue)
        case opening(Int)
    }

    private mutating func nextPart() throws(RESPError) -> Part? {
        if let bulk { return try readBulk(bulk).map(Part.value) }
        guard var line = try readLine() else { return nil }
        guard let type = line.readInteger(as: UInt8.self) else { throw .badLineEnd }
        switch type {
        case UInt8(ascii: "+"): return .value(.simple(String(buffer: line)))
        case UInt8(ascii: "-"): return .value(.error(String(buffer: line)))
        case UInt8(ascii: ":"): return .value(.integer(try Self.number(line)))
        case UInt8(ascii: "$"):
            guard let length = try Self.length(line) else { return .value(.null) }
            guard length <= limits.maxBytes - bytes else { throw .valueTooLarge }
            bytes += length
            bulk = length
            return try readBulk(length).map(Part.value)
        case UInt8(ascii: "*"):
            guard let count = try Self.length(line) else { return .value(.null) }
            guard count <= limits.maxElements - elements else { throw .tooManyElements }
            guard levels.count < limits.maxDepth else { throw .nestedTooDeep }
            elements += count
            return count == 0 ? .value(.array([])) : .opening(count)
        default: throw .unknownType(type)
        }
    }

    /// Puts the part where it belongs.
    /// - Returns: The value, if it is whole now.
    private mutating func complete(_ part: Part) -> RESPValue? {
        guard case .value(var value) = part else {
            if case .opening(let count) = part { levels.append(Level(missing: count)) }
            return nil
        }
        while let last = levels.indices.last {
            levels[last].values.append(value)
            levels[last].missing -= 1
            guard levels[last].missing == 0 else { return nil }
            value = .array(levels.removeLast().values)
        }
        return value
    }

    // MARK: Bytes

    private mutating func readLine() throws(RESPError) -> ByteBuffer? {
        let view = buffer.readableBytesView
        guard let end = view.dropFirst(scanned).firstIndex(of: UInt8(ascii: "\n")) else {
            scanned = view.count
            // The carriage return that ends it does not count, whether the line feed is there yet or not.
            guard scanned - (view.last == UInt8(ascii: "\r") ? 1 : 0) <= limits.maxLine else { throw .lineTooLong }
            return nil
        }
        let length = end - view.startIndex + 1
        scanned = 0
        guard length <= limits.maxLine + 2 else { throw .lineTooLong }
        guard let line = buffer.readSlice(length: length), length >= 2 else { throw .badLineEnd }
        let text = line.readableBytesView.dropLast(2)
        guard line.readableBytesView[text.endIndex] == UInt8(ascii: "\r"), !text.contains(UInt8(ascii: "\r")) else {
            throw .badLineEnd
        }
        return line.getSlice(at: line.readerIndex, length: text.count)
    }

    private mutating func readBulk(_ length: Int) throws(RESPError) -> RESPValue? {
        guard buffer.readableBytes >= length + 2, let text = buffer.readSlice(length: length) else { return nil }
        guard buffer.readInteger(as: UInt16.self) == 0x0D0A else { throw .badLineEnd }
        bulk = nil
        return .bulk(text)
    }

    private static func number(_ line: ByteBuffer) throws(RESPError) -> Int {
        guard let number = Int(String(buffer: line)) else { throw .badNumber }
        return number
    }

    /// Nil for the length of null, -1.
    private static func length(_ line: ByteBuffer) throws(RESPError) -> Int? {
        guard line.readableBytes <= 10, let length = Int(String(buffer: line)), length >= -1 else { throw .badLength }
        return length == -1 ? nil : length
    }
}
