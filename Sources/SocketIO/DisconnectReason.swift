public import EngineIO

/// Why a socket left its namespace, in the reference server's words.
public enum DisconnectReason: Sendable, Equatable {
    /// The client left the namespace.
    case clientDisconnect
    /// The server disconnected it.
    case serverDisconnect
    /// The connection ended.
    case connection(CloseReason)

    public var description: String {
        switch self {
        case .clientDisconnect: "client namespace disconnect"
        case .serverDisconnect: "server namespace disconnect"
        case .connection(let reason): reason.rawValue
        }
    }
}
