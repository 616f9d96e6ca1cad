/// The beginning of a JSON document (RFC 8259) that is longer than what is examined of it.
enum JSONPrefix {
    /// Whether these bytes could be the beginning of an object or an array, and of nothing but JSON.
    static func isJSON(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var parser = Parser(bytes: bytes)
        return parser.acceptsAll()
    }

    private struct Parser {
        private enum Expected { case value, firstValue, key, firstKey, colon, next }

        let bytes: UnsafeRawBufferPointer
        private var position = 0
        private var containers: [UInt8] = []
        private var expected = Expected.value
        private static let maxDepth = 1000

        init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        /// A document that ends before the bytes do is not one that goes on.
        mutating func acceptsAll() -> Bool {
            // A mark of the byte order.
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
            skipSpace()
            guard position < bytes.count, bytes[position] == 0x7B || bytes[position] == 0x5B else { return false }
            while position < bytes.count {
                skipSpace()
                if position == bytes.count { return true }
                guard take(), !containers.isEmpty, containers.count <= Self.maxDepth else { return false }
            }
            return true
        }

        private mutating func skipSpace() {
            while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        }

        /// One token. One that is cut off by the end of the bytes is right.
        private mutating func take() -> Bool {
            let byte = bytes[position]
            switch (expected, byte) {
            case (.value, 0x7B), (.firstValue, 0x7B): open(byte, .firstKey)
            case (.value, 0x5B), (.firstValue, 0x5B): open(byte, .firstValue)
            case (.firstValue, 0x5D), (.firstKey, 0x7D): close()
            case (.next, 0x5D): if containers.last == 0x5B { close() } else { return false }
            case (.next, 0x7D): if containers.last == 0x7B { close() } else { return false }
            case (.next, 0x2C):
                expected = containers.last == 0x7B ? .key : .value
                position += 1
            case (.colon, 0x3A):
                expected = .value
                position += 1
            case (.key, 0x22), (.firstKey, 0x22):
                expected = .colon
                return takeString()
            case (.value, 0x22), (.firstValue, 0x22):
                expected = .next
                return takeString()
            case (.value, _), (.firstValue, _):
                expected = .next
                return takeWord()
            default: return false
            }
            return true
        }

        private mutating func open(_ byte: UInt8, _ next: Expected) {
            containers.append(byte)
            expected = next
            position += 1
        }

        private mutating func close() {
            containers.removeLast()
            expected = .next
            position += 1
        }

        private mutating func takeString() -> Bool {
            position += 1
            while position < bytes.count {
                switch bytes[position] {
                case 0x22:
                    position += 1
                    return true
                case 0x5C: position += 2
                case ..<0x20: return false
                default: position += 1
                }
            }
            position = bytes.count
            return true
        }

        /// A number or a literal. Bytes are compared, because a string's characters may be long.
        private mutating func takeWord() -> Bool {
            let start = position
            while position < bytes.count, !isEnd(bytes[position]) { position += 1 }
            let word = bytes[start..<position]
            let isWhole = position < bytes.count
            let literals = ["true", "false", "null"].map(\.utf8)
            if literals.contains(where: { isWhole ? $0.elementsEqual(word) : $0.starts(with: word) }) { return true }
            guard let first = word.first, first == 0x2D || (0x30...0x39).contains(first) else { return false }
            return !isWhole || word.count <= Self.maxNumber && Double(String(decoding: word, as: UTF8.self)) != nil
        }

        /// Digits and signs of a number. Longer ones are none that anybody writes.
        private static let maxNumber = 1024

        private func isEnd(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D, 0x2C, 0x5D, 0x7D].contains(byte) }
    }
}
