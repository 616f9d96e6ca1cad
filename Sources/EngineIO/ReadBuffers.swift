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

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: self.size) }

    func nextBufferSize() -> Int? { self.size }

    mutating func record(actualReadBytes count: Int) -> Bool {
        if count >= self.size {
            self.wasLargelyEmpty = false
            return self.grow()
        }
        let isLargelyEmpty = count <= self.size / 2
        if isLargelyEmpty, self.wasLargelyEmpty { self.shrink() }
        self.wasLargelyEmpty = isLargelyEmpty && !self.wasLargelyEmpty
        return false
    }

    private mutating func grow() -> Bool {
        guard self.size < Self.forFiles else { return false }
        self.size = self.size < Self.largestForMessages ? self.size * 2 : Self.forFiles
        return true
    }

    private mutating func shrink() {
        self.size = self.size > Self.largestForMessages ? Self.largestForMessages : max(Self.initial, self.size / 2)
    }
}
