internal import Foundation

/// Reads a page's bytes as text, as browsers do (WHATWG's Encoding and HTML standards): a byte order mark says it first, then
/// the HTTP header field, then the page. Where nobody says it, it is UTF-8 if it can be, and else windows-1252.
enum PageEncoding {
    static func text(of bytes: [UInt8], charset: String?) -> String {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return utf8(bytes.dropFirst(3)) }
        if bytes.starts(with: [0xFF, 0xFE]) { return utf16(bytes.dropFirst(2)) { UInt16($0) | UInt16($1) << 8 } }
        if bytes.starts(with: [0xFE, 0xFF]) { return utf16(bytes.dropFirst(2)) { UInt16($0) << 8 | UInt16($1) } }
        guard let name = charset.flatMap(known) ?? declared(in: bytes) else {
            return isUTF8(bytes) ? utf8(bytes[...]) : windows1252(bytes)
        }
        switch name {
        // A page that says so in its own letters is not written in pairs of bytes.
        case "utf-8": return utf8(bytes[...])
        case "windows-1252": return windows1252(bytes)
        default:
            guard let raw = others[name] else { return utf8(bytes[...]) }
            // The last character may be cut.
            for end in stride(from: bytes.count, through: max(0, bytes.count - 4), by: -1) {
                if let text = String(data: Data(bytes[..<end]), encoding: String.Encoding(rawValue: raw)) {
                    return text
                }
            }
            return utf8(bytes[...])
        }
    }

    private static func utf8(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func utf16(_ bytes: ArraySlice<UInt8>, _ unit: (UInt8, UInt8) -> UInt16) -> String {
        let start = bytes.startIndex
        let units = stride(from: start, to: start + bytes.count / 2 * 2, by: 2).map { unit(bytes[$0], bytes[$0 + 1]) }
        return String(decoding: units, as: UTF16.self)
    }

    /// The last character may be cut, if others show what they are.
    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        (0...min(3, bytes.count)).contains { cut in
            let whole = bytes.dropLast(cut)
            return String(validating: whole, as: UTF8.self) != nil && (cut == 0 || whole.contains { $0 >= 0x80 })
        }
    }

    private static func windows1252(_ bytes: [UInt8]) -> String {
        var scalars = String.UnicodeScalarView()
        for byte in bytes {
            scalars.append((0x80...0x9F).contains(byte) ? high[Int(byte) - 0x80] : Unicode.Scalar(byte))
        }
        return String(scalars)
    }

    /// What windows-1252 has from 0x80 to 0x9F, where ISO 8859-1 has controls.
    private static let high = Array(
        "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8D}Ž\u{8F}\u{90}‘’“”•–—˜™š›œ\u{9D}žŸ".unicodeScalars)

    /// What `<meta charset>` or `<meta http-equiv content>` says in the first 1024 bytes.
    private static func declared(in bytes: [UInt8]) -> String? {
        let head = bytes.prefix(1024).map { $0 | ((0x41...0x5A).contains($0) ? 0x20 : 0) }
        let word = Array("charset=".utf8)
        var index = 0
        while index + word.count < head.count {
            guard head[index] == word[0], head[index...].starts(with: word) else {
                index += 1
                continue
            }
            index += word.count
            let name = head[index...].drop { $0 == 0x22 || $0 == 0x27 || $0 == 0x20 }.prefix(40).prefix {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
            }
            // As in the standard: a page that could be read so far is not UTF-16.
            let found = String(decoding: name, as: UTF8.self)
            if let name = found.hasPrefix("utf-16") ? "utf-8" : known(found) { return name }
        }
        return nil
    }

    /// The standard's name of an encoding that this reads.
    private static func known(_ label: String) -> String? {
        let label = label.lowercased()
        switch label {
        case "utf-8", "utf8": return "utf-8"
        case "iso-8859-1", "iso8859-1", "latin1", "l1", "us-ascii", "ascii", "windows-1252", "cp1252":
            return "windows-1252"
        default: return others[label] == nil ? nil : label
        }
    }

    /// What Foundation reads, by the numbers of `CFStringEncodings` where `String.Encoding` has no name for it.
    private static let others: [String: UInt] = [
        "iso-8859-2": String.Encoding.isoLatin2.rawValue, "latin2": String.Encoding.isoLatin2.rawValue,
        "iso-8859-5": 0x8000_0205, "iso-8859-15": 0x8000_020F, "windows-1250": String.Encoding.windowsCP1250.rawValue,
        "windows-1251": String.Encoding.windowsCP1251.rawValue, "windows-1253": String.Encoding.windowsCP1253.rawValue,
        "windows-1254": String.Encoding.windowsCP1254.rawValue, "windows-1255": 0x8000_0505,
        "windows-1256": 0x8000_0506, "windows-1257": 0x8000_0507, "koi8-r": 0x8000_0A02,
        "shift_jis": String.Encoding.shiftJIS.rawValue, "shift-jis": String.Encoding.shiftJIS.rawValue,
        "sjis": String.Encoding.shiftJIS.rawValue, "gb2312": 0x8000_0632, "gbk": 0x8000_0632, "gb18030": 0x8000_0632,
        "big5": 0x8000_0A03, "euc-kr": 0x8000_0940, "ks_c_5601-1987": 0x8000_0940,
    ]
}
