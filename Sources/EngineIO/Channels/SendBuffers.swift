import NIOCore

/// How much the kernel keeps of what a client does not read (socket(7), SO_SNDBUF).
///
/// Left to itself, Linux lets a connection's buffer grow to some megabytes: a thousand clients that do not read then hold
/// gigabytes that no bound of the server's own knows of.
struct SendBuffers {
    /// Bytes that the kernel may keep, its own bookkeeping included.
    let kernelBytes: Int

    /// The last segment that the kernel takes may lie beyond what it was asked for.
    private static let segment = 64 * 1024

    /// For whatever comes first.
    static let forRequests = SendBuffers(kernelBytes: 256 * 1024)
    /// For the application's answers, files among them: to a client 100 ms away they go with 4 MB a second.
    static let forFiles = SendBuffers(kernelBytes: 512 * 1024)

    /// For a session: a quarter of all that may wait for its client, and no more than messages need.
    ///
    /// - Parameter bound: All that may wait, in bytes.
    static func forMessages(within bound: Int) -> SendBuffers {
        SendBuffers(kernelBytes: min(Self.forRequests.kernelBytes, bound / 4))
    }

    func apply(to channel: any Channel) throws {
        // Linux doubles what it is asked for, and makes it no less than some kilobytes.
        let half = max(0, kernelBytes - Self.segment) / 2
        try channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: .init(half))
    }
}
