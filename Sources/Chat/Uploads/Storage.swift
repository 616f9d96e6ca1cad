public import Media

/// Where files are kept and looked at, and how much of them there may be.
public struct Storage: Sendable {
    public let blobs: BlobStore
    public let workers: MediaWorkers
    /// Of one upload.
    public let maximumBytes: Int
    /// Of all a user's uploads together.
    public let quotaBytes: Int

    public init(blobs: BlobStore, workers: MediaWorkers, maximumBytes: Int, quotaBytes: Int) {
        self.blobs = blobs
        self.workers = workers
        self.maximumBytes = maximumBytes
        self.quotaBytes = quotaBytes
    }
}
