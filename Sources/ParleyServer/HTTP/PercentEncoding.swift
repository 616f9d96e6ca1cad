/// Percent-encoding (RFC 3986, section 2.1). Decoding is lenient, so that one wrong escape does not cost the whole
/// name: what is no escape stays, and what is not UTF-8 is replaced.
enum PercentEncoding {
    static func decode(_ text: some StringProtocol) -> String { String(decoding: bytes(text), as: UTF8.self) }

    /// The bytes, whatever encoding they are in.
    static func bytes(_ text: some StringProtocol) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == 0x25, rest.count >= 2, let escaped = UInt8(hex: rest.prefix(2)) else {
                bytes.append(byte)
                continue
            }
            bytes.append(escaped)
            rest.removeFirst(2)
        }
        return bytes
    }

    /// Leaves only what RFC 3986, section 2.3 calls unreserved.
    static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 0xF)]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Upper case, as RFC 3986, section 2.1 asks.
    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}

extension UInt8 {
    /// Two hexadecimal digits; nil for anything else.
    fileprivate init?(hex digits: ArraySlice<UInt8>) {
        guard !digits.contains(where: { $0 == 0x2B || $0 == 0x2D }) else { return nil }
        self.init(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
