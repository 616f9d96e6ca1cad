public import Media

/// Where files are stored and processed, and how large they may be.
public struct Storage: Sendable {
    /// Where files are received, and processed.
    public let blobs: BlobStore
    /// Where they are kept.
    public let contents: Contents
    /// Whether other servers may receive files on the same file system.
    public let sharesStaging: Bool
    /// Whether whoever opens a file is sent to the object store.
    public let redirects: Bool
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

    /// - Parameter objects: nil: files are kept on the disk.
    public init(
        blobs: BlobStore, objects: ObjectContents? = nil, sharesStaging: Bool = false, redirects: Bool = false,
        workers: MediaWorkers, scanner: Scanner?, maxBytes: Int, quotaBytes: Int
    ) {
        self.blobs = blobs
        contents = Contents(disk: DiskContents(blobs), objects: objects)
        self.sharesStaging = sharesStaging
        self.redirects = redirects
        self.workers = workers
        self.scanner = scanner
        self.maxBytes = maxBytes
        self.quotaBytes = quotaBytes
    }
}
