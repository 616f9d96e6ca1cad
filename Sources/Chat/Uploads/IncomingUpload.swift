import ChatModel
import Media

/// A file that is being received. Its owner calls `Uploads.finish` or `Uploads.abandon`.
public struct IncomingUpload: Sendable {
    let id: UploadID
    let owner: UserID
    let name: String
    let writer: BlobWriter
    let place: UploadsUnderWay.Place
    /// Whether the quota limits its size, and not the limit for one file.
    let isLimitedByQuota: Bool

    /// Whether no byte has come yet.
    public var isEmpty: Bool { get async { await writer.count == 0 } }
}
