public import Media

/// Where files are stored and processed, and how large they may be.
public struct Storage: Sendable {
    public let blobs: BlobStore
    public let workers: MediaWorkers
    public let scanner: Scanner?
    /// The size limit of one upload.
    public let maxBytes: Int
    /// The size limit of all uploads of one user.
    public let quotaBytes: Int

    /// Scans every file for viruses.
    public struct Scanner: Sendable {
        let clamd: ClamdScanner
        /// Whether a file is accepted when the scanner gives no verdict.
        let isOptional: Bool

        public init(clamd: ClamdScanner, isOptional: Bool) {
            self.clamd = clamd
            self.isOptional = isOptional
        }
    }

    public init(blobs: BlobStore, workers: MediaWorkers, scanner: Scanner?, maxBytes: Int, quotaBytes: Int) {
        self.blobs = blobs
        self.workers = workers
        self.scanner = scanner
        self.maxBytes = maxBytes
        self.quotaBytes = quotaBytes
    }
}
