public import Media

/// Where files are kept and looked at, and how much of them there may be.
public struct Storage: Sendable {
    public let blobs: BlobStore
    public let workers: MediaWorkers
    public let scanner: Scanner?
    /// Of one upload.
    public let maximumBytes: Int
    /// Of all a user's uploads together.
    public let quotaBytes: Int

    /// Looks for viruses in every file.
    public struct Scanner: Sendable {
        let clamd: ClamdScanner
        /// Whether a file is accepted without a verdict.
        let isOptional: Bool

        public init(clamd: ClamdScanner, isOptional: Bool) {
            self.clamd = clamd
            self.isOptional = isOptional
        }
    }

    public init(blobs: BlobStore, workers: MediaWorkers, scanner: Scanner?, maximumBytes: Int, quotaBytes: Int) {
        self.blobs = blobs
        self.workers = workers
        self.scanner = scanner
        self.maximumBytes = maximumBytes
        self.quotaBytes = quotaBytes
    }
}
