import CMalloc

/// How the process's memory is managed, by mallopt(3).
enum Heap {
    /// Bytes at a heap's end that stay allocated though nothing uses them: some reads of a file.
    private static let keptFree: Int32 = 2 << 20
    /// What is larger comes from the kernel by itself and goes back at once. A file's buffers are smaller.
    private static let largest: Int32 = 2 << 20

    /// Keeps the memory of files' buffers for those that follow. By default each goes back to the kernel as soon as
    /// 128 kB are free, and comes again page by page, cleared: 5 % of what an upload costs.
    static func keepBuffers() {
        mallopt(M_TRIM_THRESHOLD, keptFree)
        mallopt(M_MMAP_THRESHOLD, largest)
    }
}
