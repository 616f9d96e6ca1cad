import Foundation
import Glibc
import NIOCore

/// Parses `multipart/form-data` (RFC 7578; the framing is RFC 2046, section 5.1) as it arrives. A pure machine: it is
/// fed buffers, says what they hold, and keeps no more of them than a boundary or a part's header needs.
struct MultipartParser {
    enum Event: Equatable {
        /// A part with its header fields, names in lower case.
        case began([String: String])
        case bytes(ByteBuffer)
        case ended
        /// The closing boundary was reached. What follows is ignored.
        case finished
    }

    /// The body is not what its content type says.
    struct Malformed: Error, Equatable {
        let detail: String
    }

    /// Bytes that a form's boundaries and headers may take beside its files.
    static let maxFraming = 64 * 1024
    private static let maxHeader = 16 * 1024
    /// Parts of one body.
    private static let maxParts = 100

    private enum State {
        case beforeFirstBoundary
        /// After a boundary: a line end begins a part, two dashes end the body.
        case afterBoundary
        case header
        case body
        case finished
    }

    private let delimiter: [UInt8]
    private var state = State.beforeFirstBoundary
    private var buffer: ByteBuffer
    private var parts = 0

    /// - Parameter boundary: as the content type has it (1 to 70 characters, RFC 2046, section 5.1.1).
    init(boundary: String) {
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first boundary has no line end before it. This one stands in for it.
        buffer = ByteBuffer(string: "\r\n")
    }

    /// The boundary that a content type names; nil if it is not `multipart/form-data` or names none.
    static func boundary(of contentType: String) -> String? {
        let parts = contentType.split(separator: ";", maxSplits: 20).map { $0.trimmingCharacters(in: .whitespaces) }
        guard parts.first?.lowercased() == "multipart/form-data" else { return nil }
        let boundary = parts.dropFirst().lazy.compactMap { parameter -> String? in
            let sides = parameter.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, sides[0].lowercased() == "boundary" else { return nil }
            return sides[1].trimmingCharacters(in: CharacterSet(charactersIn: "\""))
        }.first
        guard let boundary, (1...70).contains(boundary.utf8.count) else { return nil }
        return boundary
    }

    /// Parses the next bytes.
    mutating func feed(_ bytes: ByteBuffer) throws(Malformed) -> [Event] {
        if case .finished = state { return [] }
        var events: [Event] = []
        take(bytes, &events)
        while try step(&events) {}
        // A copy of the few bytes that are left, so that their buffer is freed.
        buffer = ByteBuffer(buffer: buffer)
        return events
    }

    /// Appends `bytes` to those that are left, without a copy where those are content.
    private mutating func take(_ bytes: ByteBuffer, _ events: inout [Event]) {
        if case .body = state, isContent(before: bytes) {
            events.append(.bytes(buffer))
            buffer.clear()
        }
        if buffer.readableBytes == 0 { buffer = bytes } else { buffer.writeImmutableBuffer(bytes) }
    }

    /// Whether no boundary begins in the bytes that are left.
    private func isContent(before bytes: ByteBuffer) -> Bool {
        guard (1..<delimiter.count).contains(buffer.readableBytes),
            let next = bytes.getSlice(at: bytes.readerIndex, length: delimiter.count - 1)
        else { return false }
        var seam = buffer
        seam.writeImmutableBuffer(next)
        return seam.firstOffset(of: delimiter) == nil
    }

    /// The body has ended.
    func finish() throws(Malformed) {
        guard case .finished = state else { throw Malformed(detail: "the multipart body is cut short") }
    }

    /// False when more bytes are needed.
    private mutating func step(_ events: inout [Event]) throws(Malformed) -> Bool {
        switch state {
        case .beforeFirstBoundary:
            guard let found = buffer.firstOffset(of: delimiter) else {
                keepTail()
                return false
            }
            buffer.moveReaderIndex(forwardBy: found + delimiter.count)
            state = .afterBoundary
            return true
        case .afterBoundary:
            // Spaces and tabs may follow a boundary on its line.
            while let byte = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self), byte == 0x20 || byte == 0x09 {
                buffer.moveReaderIndex(forwardBy: 1)
            }
            guard let end = buffer.readBytes(length: 2) else { return false }
            if end == Array("--".utf8) {
                state = .finished
                buffer.clear()
                events.append(.finished)
                return false
            }
            guard end == Array("\r\n".utf8) else {
                throw Malformed(detail: "a boundary is followed by neither a line nor an end")
            }
            parts += 1
            guard parts <= Self.maxParts else { throw Malformed(detail: "more than \(Self.maxParts) parts") }
            state = .header
            return true
        case .header:
            return try readHeader(&events)
        case .body:
            guard let found = buffer.firstOffset(of: delimiter) else {
                emitAllButTail(&events)
                return false
            }
            if found > 0, let last = buffer.readSlice(length: found) { events.append(.bytes(last)) }
            buffer.moveReaderIndex(forwardBy: delimiter.count)
            events.append(.ended)
            state = .afterBoundary
            return true
        case .finished:
            return false
        }
    }

    private mutating func readHeader(_ events: inout [Event]) throws(Malformed) -> Bool {
        let length: Int
        if buffer.firstOffset(of: Array("\r\n".utf8)) == 0 {
            length = 0
        } else if let end = buffer.firstOffset(of: Array("\r\n\r\n".utf8)) {
            length = end + 2
        } else {
            guard buffer.readableBytes <= Self.maxHeader else {
                throw Malformed(detail: "a part's header is too long")
            }
            return false
        }
        guard length <= Self.maxHeader else { throw Malformed(detail: "a part's header is too long") }
        let text = buffer.readString(length: length) ?? ""
        buffer.moveReaderIndex(forwardBy: 2)
        var fields: [String: String] = [:]
        for line in text.split(separator: "\r\n") {
            let sides = line.split(separator: ":", maxSplits: 1)
            guard sides.count == 2 else { throw Malformed(detail: "a part's header has a line without a colon") }
            // No known field is longer, and inserting a longer one takes long.
            guard sides[0].utf8.count <= 64 else { continue }
            fields[sides[0].trimmingCharacters(in: .whitespaces).lowercased()] =
                sides[1].trimmingCharacters(in: .whitespaces)
        }
        events.append(.began(fields))
        state = .body
        return true
    }

    /// Keeps what may be the beginning of a boundary. The rest is content.
    private mutating func emitAllButTail(_ events: inout [Event]) {
        let safe = buffer.readableBytes - (delimiter.count - 1)
        if safe > 0, let slice = buffer.readSlice(length: safe) { events.append(.bytes(slice)) }
    }

    private mutating func keepTail() {
        let surplus = buffer.readableBytes - (delimiter.count - 1)
        if surplus > 0 { buffer.moveReaderIndex(forwardBy: surplus) }
    }
}

extension ByteBuffer {
    /// The first position of `pattern` among the readable bytes.
    fileprivate func firstOffset(of pattern: [UInt8]) -> Int? {
        withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress, let first = pattern.first else { return nil }
            // The first byte is rare in most content, and memchr(3) finds it faster than any loop here.
            var offset = 0
            while bytes.count - offset >= pattern.count {
                guard let found = memchr(base + offset, Int32(first), bytes.count - offset - pattern.count + 1) else {
                    return nil
                }
                offset = UnsafeRawPointer(found) - base
                if memcmp(base + offset, pattern, pattern.count) == 0 { return offset }
                offset += 1
            }
            return nil
        }
    }
}
