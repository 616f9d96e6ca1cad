/// Why a session ended, in the reference server's words.
public enum CloseReason: String, Sendable {
    case transportClose = "transport close"
    case transportError = "transport error"
    case pingTimeout = "ping timeout"
    case parseError = "parse error"
    case forcedClose = "forced close"
    case serverShutdown = "server shutting down"
    /// The client did not read, and its queue reached the limit.
    case slowConsumer = "slow consumer"
}
