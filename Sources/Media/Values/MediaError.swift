internal import Glibc

/// What can go wrong while an upload is received, processed or stored.
public struct MediaError: Error, CustomStringConvertible {
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: String {
            case tooLarge, storageFull, busy, unavailable, away, refused, notFound, inUse, offsetMismatch, io
        }
        private let value: Value
        private init(_ value: Value) { self.value = value }

        /// The upload exceeds its limit.
        public static let tooLarge = Code(.tooLarge)
        /// The disk, the disk quota or the largest allowed file is full.
        public static let storageFull = Code(.storageFull)
        /// The limit of waiting files is reached. Try again later.
        public static let busy = Code(.busy)
        /// No worker could start, the disk is missing or read-only, no descriptor is left, or the service is shutting
        /// down. Try again later.
        public static let unavailable = Code(.unavailable)
        /// The object store does not answer. It is said once in the log, and not with each file. Try again later.
        public static let away = Code(.away)
        /// The object store does not accept what it is asked. For all requests but deletions it is said as above.
        public static let refused = Code(.refused)
        /// No such file.
        public static let notFound = Code(.notFound)
        /// Another writer holds this temporary file, or this writer is used concurrently or after its end.
        public static let inUse = Code(.inUse)
        /// The temporary file is shorter than the offset to continue at.
        public static let offsetMismatch = Code(.offsetMismatch)
        /// Any other failure of the file system.
        public static let io = Code(.io)

        public var description: String { value.rawValue }
    }

    public let code: Code
    /// For the log, never for a client.
    public let detail: String

    public init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    public var description: String { detail.isEmpty ? "\(code)" : "\(code): \(detail)" }
}

extension MediaError {
    init(errno code: Int32, _ detail: String) {
        let reason = "\(detail): \(String(cString: strerror(code)))"
        switch code {
        case ENOSPC, EDQUOT, EFBIG: self.init(.storageFull, reason)
        case ENOENT: self.init(.notFound, reason)
        case EMFILE, ENFILE, ENOMEM, EROFS, EACCES: self.init(.unavailable, reason)
        default: self.init(.io, reason)
        }
    }
}
