import Foundation

/// The header of a form's part that says what the part is (RFC 7578, section 4.2), parsed as RFC 6266, section 4
/// specifies.
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
        // Browsers escape only these three (WHATWG HTML, section 4.10.22.8).
        return parameters["filename"]?.replacing("%22", with: "\"").replacing("%0D", with: "\r").replacing(
            "%0A", with: "\n")
    }

    /// `UTF-8''na%C3%AFve.txt`, and the same in ISO-8859-1, which RFC 5987 had (RFC 8187, section 3.2); nil in another
    /// encoding.
    private static func extended(_ text: String) -> String? {
        let parts = text.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        switch parts[0].lowercased() {
        case "utf-8": return PercentEncoding.decode(parts[2])
        // Its characters are Unicode's first.
        case "iso-8859-1": return String(decoding: PercentEncoding.bytes(parts[2]).map(UInt16.init), as: UTF16.self)
        default: return nil
        }
    }
}
