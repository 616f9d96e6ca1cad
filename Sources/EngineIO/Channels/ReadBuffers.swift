import NIOCore

/// How large a connection's next read may be. A channel keeps its read buffer, and most connections become WebSockets that
/// are silent most of the time: so it begins small, and doubles only as far as messages go. What fills that as well is a
/// file: it gets large buffers at once, since each read costs the same whatever it brings.
struct ReadBuffers: RecvByteBufferAllocator {
    /// In bytes: the first one, the largest for messages, and the one for files.
    static let initial = 512
    static let largestForMessages = 4096
    static let forFiles = 128 * 1024

    private var size = Self.initial
    private var wasLargelyEmpty = false

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: size) }

    func nextBufferSize() -> Int? { size }

    mutating func record(actualReadBytes count: Int) -> Bool {
        if count >= size {
            wasLargelyEmpty = false
            return grow()
        }
        let isLargelyEmpty = count <= size / 2
        if isLargelyEmpty, wasLargelyEmpty { shrink() }
        wasLargelyEmpty = isLargelyEmpty && !wasLargelyEmpty
        return false
    }

    private mutating func grow() -> Bool {
        guard size < Self.forFiles else { return false }
        size = size < Self.largestForMessages ? size * 2 : Self.forFiles
        return true
    }

    private mutating func shrink() {
        size = size > Self.largestForMessages ? Self.largestForMessages : max(Self.initial, size / 2)
    }
}
