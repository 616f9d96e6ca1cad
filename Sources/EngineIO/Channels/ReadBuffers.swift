import NIOCore

/// Sizes a connection's read buffer. A channel keeps its buffer, and most connections become mostly silent WebSockets.
/// So the buffer starts small and doubles up to the size of messages. A read that fills even that is part of a file. It
/// switches to a large buffer at once, because each read has a fixed cost.
struct ReadBuffers: RecvByteBufferAllocator {
    /// In bytes: the initial size, the largest for messages, and the size for files.
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
