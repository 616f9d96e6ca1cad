import CMalloc

/// Settings of the C library's allocator, mallopt(3).
enum MemoryAllocator {
    /// Free bytes at the heap's end that are not returned to the kernel: as many as a few reads of a file need.
    private static let trimThreshold: Int32 = 2 << 20
    /// Larger blocks are mapped one by one and returned at once. The buffers of files are smaller.
    private static let mapThreshold: Int32 = 2 << 20

    /// Keeps the freed buffers of files for reuse. By default the kernel gets each back as soon as 128 kB are free, and
    /// clears every page before it gives it out again: 5 % of what an upload costs.
    static func keepFreedBuffers() {
        mallopt(M_TRIM_THRESHOLD, trimThreshold)
        mallopt(M_MMAP_THRESHOLD, mapThreshold)
    }
}
