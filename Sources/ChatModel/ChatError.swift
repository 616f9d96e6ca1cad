/// What the domain refuses, and why. The server translates it to an HTTP status or a socket acknowledgement in one place.
public struct ChatError: Error, Sendable, Equatable {
    /// The stable word a client can act on (API.md, "Errors").
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        enum Value: String {
            case malformedRequest = "malformed_request"
            case unauthenticated
            case tokenExpired = "token_expired"
            case invalidCredentials = "invalid_credentials"
            case sessionRevoked = "session_revoked"
            case forbidden
            case notAMember = "not_a_member"
            case banned
            case muted
            case notFound = "not_found"
            case usernameTaken = "username_taken"
            case conflict
            case uploadOffsetMismatch = "upload_offset_mismatch"
            case gone
            case checksumMismatch = "checksum_mismatch"
            case tooLarge = "too_large"
            case quotaExceeded = "quota_exceeded"
            case unsupportedMediaType = "unsupported_media_type"
            case validationFailed = "validation_failed"
            case rateLimited = "rate_limited"
            case `internal`
            case unavailable
            case storageFull = "storage_full"
        }

        let value: Value
        public var description: String { value.rawValue }

        public static let malformedRequest = Code(value: .malformedRequest)
        public static let unauthenticated = Code(value: .unauthenticated)
        public static let tokenExpired = Code(value: .tokenExpired)
        public static let invalidCredentials = Code(value: .invalidCredentials)
        public static let sessionRevoked = Code(value: .sessionRevoked)
        public static let forbidden = Code(value: .forbidden)
        public static let notAMember = Code(value: .notAMember)
        public static let banned = Code(value: .banned)
        public static let muted = Code(value: .muted)
        public static let notFound = Code(value: .notFound)
        public static let usernameTaken = Code(value: .usernameTaken)
        public static let conflict = Code(value: .conflict)
        public static let uploadOffsetMismatch = Code(value: .uploadOffsetMismatch)
        public static let gone = Code(value: .gone)
        public static let checksumMismatch = Code(value: .checksumMismatch)
        public static let tooLarge = Code(value: .tooLarge)
        public static let quotaExceeded = Code(value: .quotaExceeded)
        public static let unsupportedMediaType = Code(value: .unsupportedMediaType)
        public static let validationFailed = Code(value: .validationFailed)
        public static let rateLimited = Code(value: .rateLimited)
        public static let `internal` = Code(value: .internal)
        public static let unavailable = Code(value: .unavailable)
        public static let storageFull = Code(value: .storageFull)
    }

    public var code: Code
    /// One sentence for the person who reads the answer. Never contains a path, SQL or somebody else's data.
    public var detail: String
    /// The field of the request that is wrong.
    public var field: String?
    /// In how many seconds trying again makes sense.
    public var retryAfter: Int?
    /// With `banned`, if there is something to tell of the ban.
    public var ban: Ban?

    public init(_ code: Code, _ detail: String, field: String? = nil, retryAfter: Int? = nil) {
        self.code = code
        self.detail = detail
        self.field = field
        self.retryAfter = retryAfter
    }

    /// Every `validation_failed` has this form: `field: rule`.
    public static func invalid(_ field: String, _ rule: String) -> ChatError {
        ChatError(.validationFailed, "\(field): \(rule)", field: field)
    }

    public static func notFound(_ what: String) -> ChatError { ChatError(.notFound, "\(what) not found") }

    package static let unusableAttachments = ChatError.invalid(
        "attachments", "only your own finished uploads that have not been removed")

    package static let unusableAvatar = ChatError.invalid("avatarUploadId", "a picture you uploaded")

    /// The user has stored as much text as they may.
    package static let textQuotaExceeded = ChatError(
        .quotaExceeded, "your messages fill the room you have for them; delete some, or shorten them")

    package static func accountClosed(_ ban: Ban?) -> ChatError {
        var error = ChatError(.banned, "this account is closed")
        error.ban = ban
        return error
    }

    package static let accountGone = ChatError(.unauthenticated, "this account is gone")

    public static let unavailable = ChatError(
        .unavailable, "the server cannot do this right now; try again", retryAfter: 1)
}
