internal import Foundation

/// The address of a Redis (6 or newer) or Valkey, and the client's limits.
public struct RedisConfiguration: Sendable {
    public var host: String
    public var port: Int
    /// Nil: the default user.
    public var username: String?
    public var password: String?
    public var database: Int
    public var usesTLS: Bool
    /// A PEM file with the authorities that the server's certificate may be from; nil: the system's.
    public var authorities: String?

    /// The time limit of one attempt to connect: from the name's look-up to the last answer of the greeting.
    public var connectTimeout: Duration = .seconds(3)
    /// How often a connection is tried.
    public var pingInterval: Duration = .seconds(1)
    /// How long nothing may come while an answer is awaited.
    public var pingTimeout: Duration = .seconds(2)
    /// What may be published without an answer. More is refused.
    public var maxUnansweredMessages = 10_000
    public var maxUnansweredBytes = 32 << 20
    /// What was received and waits for the reader. More is dropped.
    public var maxUnreadMessages = 20_000
    public var maxUnreadBytes = 32 << 20

    public init(host: String, port: Int = 6379) {
        self.host = host
        self.port = port
        database = 0
        usesTLS = false
    }

    /// Reads `redis://[[user]:password@]host[:port][/database]`; `rediss:` is with TLS.
    public init(url: String) throws(RedisError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased() else {
            throw RedisError(.invalidURL, "The address of Redis is not a URL.")
        }
        guard scheme == "redis" || scheme == "rediss" else {
            throw RedisError(.invalidURL, "The address of Redis begins with redis:// or rediss://.")
        }
        let host = (parts.host ?? "").trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        guard !host.isEmpty else { throw RedisError(.invalidURL, "The address of Redis names no host.") }
        let port = parts.port ?? 6379
        guard (1...65535).contains(port) else { throw RedisError(.invalidURL, "There is no port \(port).") }
        guard parts.query == nil, parts.fragment == nil else {
            throw RedisError(.invalidURL, "The address of Redis ends with the database's number.")
        }
        self.init(host: host, port: port)
        usesTLS = scheme == "rediss"
        let path = parts.path.drop { $0 == "/" }
        guard let database = path.isEmpty ? 0 : Int(path), (0...65535).contains(database) else {
            throw RedisError(.invalidURL, "A database of Redis is a number: redis://host/0.")
        }
        self.database = database
        username = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password
        if username != nil, password == nil {
            throw RedisError(.invalidURL, "The address of Redis names a user without a password.")
        }
    }

    /// The address without the password, for logs.
    public var address: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(usesTLS ? "rediss" : "redis")://\(name):\(port)/\(database)"
    }
}
