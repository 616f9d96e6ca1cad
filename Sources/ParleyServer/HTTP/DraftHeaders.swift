import ChatModel
import HTTPTypes

/// The header fields of draft-ietf-httpbis-resumable-upload, "Resumable Uploads for HTTP", as one interop version of it has
/// them. Apple's URLSession adds them to every upload.
struct DraftHeaders {
    /// 3 is draft-01, 4 is draft-02, 5 is draft-03, 6 is draft-04 and -05, 7 is draft-06 to -08, 8 is draft-09 and later.
    static let versions = 3...8
    static let contentType = "application/partial-upload"

    let version: Int

    /// Nil for requests that do not belong to a version of the draft that is known here.
    init?(_ headers: HTTPFields) {
        guard headers[.tusResumable] == nil, let version = headers[.uploadDraftInteropVersion].flatMap({ Int($0) }),
            Self.versions.contains(version)
        else { return nil }
        self.version = version
    }

    /// Whether the upload is complete with this request; nil where that is not said. Before version 4 the field says the
    /// opposite, and may be absent with the last piece.
    func isComplete(_ headers: HTTPFields) -> Bool? {
        let field: HTTPField.Name = version < 4 ? .uploadIncomplete : .uploadComplete
        let value: Bool? =
            switch headers[field] {
            case "?1": true
            case "?0": false
            default: nil
            }
        return version < 4 ? value.map { !$0 } : value
    }

    func setComplete(_ isComplete: Bool, in headers: inout HTTPFields) {
        headers[.uploadDraftInteropVersion] = String(version)
        if version < 4 {
            headers[.uploadIncomplete] = isComplete ? "?0" : "?1"
        } else {
            headers[.uploadComplete] = isComplete ? "?1" : "?0"
        }
    }

    /// How many bytes the upload will have, if the request tells: it says so, or its body is the rest.
    /// - Throws: `malformed_request` where it tells two lengths.
    func length(_ headers: HTTPFields, offset: Int, isComplete: Bool) throws(ChatError) -> Int? {
        // Draft-05 brought the field.
        let said = version < 6 ? nil : try TusHeaders.count(.uploadLength, in: headers)
        guard isComplete, let rest = try TusHeaders.count(.contentLength, in: headers) else { return said }
        let (length, isTooLarge) = offset.addingReportingOverflow(rest)
        guard !isTooLarge, said ?? length == length else {
            throw ChatError(.malformedRequest, "Upload-Length: the body ends elsewhere")
        }
        return length
    }

    /// `Upload-Limit` (draft-04). Seconds until the upload expires are told since version 7 by this name.
    func limits(maxBytes: Int, secondsLeft: Int?) -> String? {
        guard version >= 6 else { return nil }
        let age = secondsLeft.map { ", \(version < 7 ? "expires" : "max-age")=\(max(0, $0))" } ?? ""
        return "max-size=\(maxBytes)\(age)"
    }

    /// Whether the type of a request's body says that it is a piece. Before version 6 any type may.
    func bringsPiece(_ headers: HTTPFields) -> Bool {
        version < 6 || headers[.contentType]?.lowercased() == Self.contentType
    }
}

// Literals that are tokens (RFC 9110, section 5.6.2).
extension HTTPField.Name {
    static let uploadDraftInteropVersion = Self("Upload-Draft-Interop-Version")!
    static let uploadComplete = Self("Upload-Complete")!
    static let uploadIncomplete = Self("Upload-Incomplete")!
    static let uploadLimit = Self("Upload-Limit")!
    static let acceptPatch = Self("Accept-Patch")!
}
