import Foundation

/// The header of a form's part that says what the part is (RFC 7578 § 4.2), parsed as RFC 6266 § 4 specifies.
struct ContentDisposition {
    /// By their names in lower case. The first of several counts.
    private var parameters: [String: String] = [:]

    /// Parsed scalar by scalar: a quote with a combining mark behind it is one character, which is no quote.
    init(_ text: String) {
        var rest = text.unicodeScalars[...]
        rest = rest.drop { $0 != ";" }
        while !rest.isEmpty {
            rest = rest.drop { $0 == ";" || $0.properties.isWhitespace }
            let name = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest.dropFirst(name.count)
            guard rest.first == "=" else { continue }
            rest.removeFirst()
            let value = Self.value(&rest)
            // No known parameter is longer, and inserting a longer one takes long.
            guard String(name).utf8.count <= 64 else { continue }
            let key = String(name).trimmingCharacters(in: .whitespaces).lowercased()
            if parameters[key] == nil { parameters[key] = value }
        }
    }

    /// A quoted string, or everything before the next semicolon.
    private static func value(_ rest: inout Substring.UnicodeScalarView) -> String {
        rest = rest.drop { $0.properties.isWhitespace }
        guard rest.first == "\"" else {
            let token = rest.prefix { $0 != ";" }
            rest = rest.dropFirst(token.count)
            return String(token).trimmingCharacters(in: .whitespaces)
        }
        rest.removeFirst()
        var value = String.UnicodeScalarView()
        while let scalar = rest.popFirst(), scalar != "\"" {
            // Only these two are escaped. Elsewhere a backslash is literal, as in the paths that old browsers sent.
            if scalar == "\\", let next = rest.first, next == "\"" || next == "\\" {
                rest.removeFirst()
                value.append(next)
            } else {
                value.append(scalar)
            }
        }
        rest = rest.drop { $0 != ";" }
        return String(value)
    }

    /// Nil for a part that is no file.
    var fileName: String? {
        if let name = parameters["filename*"].flatMap(Self.extended) { return name }
        // Browsers escape only these three (WHATWG HTML § 4.10.22.8).
        return parameters["filename"]?.replacing("%22", with: "\"").replacing("%0D", with: "\r").replacing(
            "%0A", with: "\n")
    }

    /// `UTF-8''na%C3%AFve.txt` (RFC 8187 § 3.2); nil in another encoding.
    private static func extended(_ text: String) -> String? {
        let parts = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].lowercased() == "utf-8" else { return nil }
        return PercentEncoding.decode(parts[2])
    }
}

/// Percent-encoding (RFC 3986 § 2.1). Decoding is lenient, so that one wrong escape does not cost the whole name: what
/// is no escape stays, and what is not UTF-8 is replaced.
enum PercentEncoding {
    static func decode(_ text: some StringProtocol) -> String {
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
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Leaves only what RFC 3986 § 2.3 calls unreserved.
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

    /// Upper case, as RFC 3986 § 2.1 asks.
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
