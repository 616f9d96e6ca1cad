import Chat
import ChatModel
import Foundation
import HTTPTypes

/// The header fields of tus 1.0.
enum TusHeaders {
    static let version = "1.0.0"
    static let extensions =
        "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration,concatenation"
    static let checksumAlgorithms = PieceChecksum.Algorithm.allCases.map(\.rawValue).joined(separator: ",")
    /// The content type of a request that brings bytes.
    static let contentType = "application/offset+octet-stream"

    static func bringsBytes(_ headers: HTTPFields) -> Bool { headers[.contentType]?.lowercased() == contentType }

    /// A number of bytes; nil without the field.
    /// - Throws: `malformed_request` for what is no whole number.
    static func count(_ name: HTTPField.Name, in headers: HTTPFields) throws(ChatError) -> Int? {
        guard let text = headers[name] else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(text) else {
            throw ChatError(.malformedRequest, "\(name): a number of bytes")
        }
        return count
    }

    /// `Upload-Metadata`: keys, each with a value in base64 or with none, separated by commas.
    static func metadata(_ text: String) throws(ChatError) -> [String: String] {
        // Bytes that are not UTF-8 were replaced by longer ones.
        guard text.utf8.count <= 16 * 1024 else { throw ChatError(.malformedRequest, "Upload-Metadata: at most 16 kB") }
        var metadata: [String: String] = [:]
        for entry in text.split(separator: ",") {
            let sides = entry.trimmingCharacters(in: .whitespaces).split(separator: " ", maxSplits: 1)
            // No known key is longer, and inserting a longer one takes long.
            guard let key = sides.first, key.utf8.count <= 64 else { continue }
            guard let value = sides.count == 2 ? Data(base64Encoded: String(sides[1])) : Data() else {
                throw ChatError(.malformedRequest, "Upload-Metadata: \(key) has no value in base64")
            }
            metadata[String(key)] = String(decoding: value, as: UTF8.self)
        }
        return metadata
    }

    /// `Upload-Length`, or nil with `Upload-Defer-Length: 1`.
    static func length(_ headers: HTTPFields) throws(ChatError) -> Int? {
        guard let deferred = headers[.uploadDeferLength] else {
            guard let length = try count(.uploadLength, in: headers) else {
                throw ChatError(.malformedRequest, "Upload-Length: the number of bytes of the upload")
            }
            return length
        }
        guard deferred == "1", headers[.uploadLength] == nil else {
            throw ChatError(.malformedRequest, "Upload-Defer-Length: 1, and then no Upload-Length")
        }
        return nil
    }

    /// `Upload-Concat` when an upload is begun.
    enum Concat: Equatable {
        case partial
        /// The uploads of which it is made.
        case final([UploadID])
    }

    /// `partial`, or `final;` and the URLs of other uploads, with spaces between.
    static func concat(_ text: String, below basePath: BasePath = .root) throws(ChatError) -> Concat {
        // Bytes that are not UTF-8 were replaced by longer ones.
        guard text.utf8.count <= 16 * 1024 else { throw ChatError(.malformedRequest, "Upload-Concat: at most 16 kB") }
        if text == "partial" { return .partial }
        let sides = text.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, sides[0] == "final" else {
            throw ChatError(.malformedRequest, "Upload-Concat: partial, or final; and the URLs of partial uploads")
        }
        var parts: [UploadID] = []
        for url in sides[1].split(separator: " ") {
            // Absolute or not. Whose upload it is, the id says.
            var path = url.split(separator: "/")[...]
            if path.first?.hasSuffix(":") == true { path = path.dropFirst(2) }
            let base = basePath.text.split(separator: "/")
            if path.starts(with: base) { path = path.dropFirst(base.count) }
            guard path.count == 2, path.first == "upload", let id = path.last.flatMap({ UploadID(String($0)) }) else {
                throw ChatError(.malformedRequest, "Upload-Concat: \(url.prefix(200)) is no upload of this server")
            }
            parts.append(id)
        }
        guard !parts.isEmpty else { throw ChatError(.malformedRequest, "Upload-Concat: the URLs of partial uploads") }
        return .final(parts)
    }

    /// `Upload-Checksum`: an algorithm and the digest in base64.
    static func checksum(_ text: String) throws(ChatError) -> PieceChecksum {
        let sides = text.split(separator: " ")
        guard sides.count == 2, let algorithm = PieceChecksum.Algorithm(rawValue: sides[0].lowercased()),
            let digest = Data(base64Encoded: String(sides[1]))
        else {
            throw ChatError(
                .malformedRequest, "Upload-Checksum: one of \(checksumAlgorithms), and a digest in base64")
        }
        return PieceChecksum(algorithm, digest: digest)
    }

    /// An HTTP date (RFC 9110, section 5.6.7).
    static func date(_ date: Date) -> String { date.formatted(httpDate) }

    private static let httpDate: Date.VerbatimFormatStyle = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return Date.VerbatimFormatStyle(
            format: """
                \(weekday: .abbreviated), \(day: .twoDigits) \(month: .abbreviated) \(year: .padded(4)) \
                \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\
                \(second: .twoDigits) GMT
                """,
            locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt, calendar: calendar)
    }()
}

// Literals that are tokens (RFC 9110, section 5.6.2).
extension HTTPField.Name {
    static let tusResumable = Self("Tus-Resumable")!
    static let tusVersion = Self("Tus-Version")!
    static let tusExtension = Self("Tus-Extension")!
    static let tusMaxSize = Self("Tus-Max-Size")!
    static let tusChecksumAlgorithm = Self("Tus-Checksum-Algorithm")!
    static let uploadLength = Self("Upload-Length")!
    static let uploadOffset = Self("Upload-Offset")!
    static let uploadMetadata = Self("Upload-Metadata")!
    static let uploadChecksum = Self("Upload-Checksum")!
    static let uploadExpires = Self("Upload-Expires")!
    static let uploadConcat = Self("Upload-Concat")!
    static let uploadDeferLength = Self("Upload-Defer-Length")!
    static let methodOverride = Self("X-HTTP-Method-Override")!
}
