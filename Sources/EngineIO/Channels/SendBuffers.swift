import NIOCore

/// Limits how much the kernel buffers for a client that does not read (socket(7), SO_SNDBUF).
///
/// By default, Linux lets a connection's buffer grow to several megabytes. A thousand clients that do not read would
/// hold gigabytes outside the server's own limits.
struct SendBuffers {
    /// Bytes that the kernel may use, including its bookkeeping.
    let kernelBytes: Int

    /// The last segment that the kernel accepts may exceed the limit.
    private static let segment = 64 * 1024

    /// For a new connection.
    static let forRequests = SendBuffers(kernelBytes: 256 * 1024)
    /// For the application's answers, including files. A client 100 ms away gets 4 MB per second.
    static let forFiles = SendBuffers(kernelBytes: 512 * 1024)

    /// For a session: a quarter of the client's outbound limit, but no more than messages need.
    ///
    /// - Parameter bound: The client's outbound limit in bytes.
    static func forMessages(within bound: Int) -> SendBuffers {
        SendBuffers(kernelBytes: min(Self.forRequests.kernelBytes, bound / 4))
    }

    func apply(to channel: any Channel) throws {
        // Linux doubles the requested size, and has a minimum of some kilobytes.
        let half = max(0, kernelBytes - Self.segment) / 2
        try channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: .init(half))
    }
}
