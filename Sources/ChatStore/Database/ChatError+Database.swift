public import ChatModel
public import Logging
import PostgresClient

extension ChatError {
    /// What the caller is told when the database failed: that it is not available, or nothing in particular. The reason
    /// goes to the log.
    public init(databaseError error: any Error, logger: Logger) {
        switch error {
        case let error as ChatError:
            self = error
        // The upload was deleted after we looked at it.
        case let error as PostgresError where error.violates("attachments_upload_id_fkey"):
            self = .unusableAttachments
        case let error as PostgresError where error.violates("users_avatar_upload_id_fkey"):
            self = .unusableAvatar
        case let error as PostgresError where error.code != .server && error.code != .decoding && error.code != .misuse:
            DatabaseWarning.shared.give(error, logger)
            self = .unavailable
        case let error as PostgresError where error.sqlState?.meansUnavailable == true:
            DatabaseWarning.shared.give(error, logger)
            self = .unavailable
        default:
            logger.error("unexpected failure", metadata: ["error": "\(error)"])
            self = ChatError(.internal, "something went wrong on the server")
        }
    }
}

extension SQLState {
    /// Whether the same statement may succeed later. The server lost a connection (class 08), resolved a deadlock (40),
    /// lacks a resource such as room on its disk (53), starts, stops or ended a statement (57), or has trouble with its
    /// files (58). Or it takes no writes, as a standby does (25006), or somebody else holds a lock (55P03) or uses an
    /// object (55006). The rest of classes 25 and 55, and class 54, are mistakes of this program.
    var meansUnavailable: Bool {
        ["08", "40", "53", "57", "58"].contains { rawValue.hasPrefix($0) }
            || [.readOnlyTransaction, .lockNotAvailable, .objectInUse].contains(self)
    }
}
