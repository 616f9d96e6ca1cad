import Foundation
import HTTPTypes

/// The media type and coding of a request's body (RFC 9110, sections 8.3 and 8.4).
enum MediaType {
    /// Whether a body may be read as JSON: its sender says so, or says nothing. `curl -d` says
    /// `application/x-www-form-urlencoded` whatever it sends, and so says nothing.
    static func mayBeJSON(_ headers: HTTPFields) -> Bool {
        if let coding = headers[.contentEncoding], coding.lowercased() != "identity" { return false }
        guard let type = headers[.contentType] else { return true }
        let name = type.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        switch name {
        case "", "application/json", "text/json", "application/x-www-form-urlencoded": return true
        // RFC 6839, section 3.1.
        default: return name.hasPrefix("application/") && name.hasSuffix("+json") && !name.contains(",")
        }
    }
}
