/// A setting, as the documents describe it.
struct Setting: Sendable {
    let name: String
    /// The default, as a settings file writes it. Empty if there is none.
    let value: String
    /// What happens without a value, for settings that have none.
    let otherwise: String
    /// What it is for, in sentences.
    let meaning: String

    init(_ name: String, _ value: String, _ meaning: String) {
        self.init(name: name, value: value, otherwise: "", meaning: meaning)
    }

    init(_ name: String, otherwise: String, _ meaning: String) {
        self.init(name: name, value: "", otherwise: otherwise, meaning: meaning)
    }

    private init(name: String, value: String, otherwise: String, meaning: String) {
        self.name = name
        self.value = value
        self.otherwise = otherwise
        self.meaning = meaning
    }
}

/// The one list of settings. `SettingDocuments` makes the settings file, the operators' table and the help from it, and a
/// test compares it with the names that `ServerConfiguration` reads.
enum SettingCatalog {
    struct Group: Sendable {
        let title: String
        let settings: [Setting]
    }

    static let groups = [
        Group(
            title: "Network",
            settings: [
                Setting("HOST", "127.0.0.1", "Where the server listens; 0.0.0.0 or :: for everybody."),
                Setting("PORT", "8080", "The port for HTTP and sockets."),
                Setting(
                    "PUBLIC_URL", otherwise: "any name is served",
                    """
                    Where people find the server: https://chat.example.org. Requests by another name are then refused \
                    (docs/OPERATIONS.md, "Server name").
                    """),
                Setting(
                    "BASE_PATH", otherwise: "the root",
                    """
                    The path below which everything is served, where a proxy shares its name with other programs: /chat \
                    (docs/OPERATIONS.md, "Below a path").
                    """),
                Setting(
                    "TRUSTED_PROXIES", otherwise: "no proxy is trusted",
                    """
                    Addresses or networks, comma-separated, whose X-Forwarded-For and X-Forwarded-Proto are believed: \
                    127.0.0.1,10.0.0.0/8.
                    """),
                Setting(
                    "CORS_ORIGINS", otherwise: "only the server's own pages",
                    "Origins of pages elsewhere that may use this server, comma-separated: https://app.example.org."),
                Setting(
                    "TLS_CERT", otherwise: "no TLS",
                    "A PEM file. Set it together with TLS_KEY. Changed files are loaded within seconds, without a restart."
                ),
                Setting("TLS_KEY", otherwise: "no TLS", "The PEM file of the certificate's key."),
                Setting(
                    "HSTS_SECONDS", otherwise: "browsers are not told",
                    "Over TLS, for how long browsers use only TLS (Strict-Transport-Security). 0 takes it back."),
            ]),
        Group(
            title: "Database and files",
            settings: [
                Setting(
                    "DATABASE_URL", otherwise: "a private one under STORAGE_DIR/postgres",
                    """
                    A PostgreSQL of your own, postgres://user:password@host/database, reached directly or through a pooler \
                    that keeps sessions.
                    """),
                Setting(
                    "STORAGE_DIR", "storage",
                    "Uploads, the private PostgreSQL and the secret. One server at a time uses it. Back it up."),
                Setting("MIGRATIONS_DIR", "migrations", "The database's schema, which comes with the program."),
                Setting("WEB_DIR", "web/dist", "The web client, which comes with the program."),
                Setting(
                    "JWT_SECRET", otherwise: "made once, STORAGE_DIR/jwt-secret",
                    "The secret that signs tokens, at least 32 characters."),
                Setting(
                    "JWT_SECRET_PREVIOUS", otherwise: "none",
                    "The secret before, which is still accepted (docs/OPERATIONS.md, \"Changing the secret\")."),
            ]),
        Group(
            title: "Uploads",
            settings: [
                Setting("MAX_UPLOAD_BYTES", "104857600", "Bytes of one file (100 MiB)."),
                Setting("USER_QUOTA_BYTES", "10737418240", "Bytes of one user's files (10 GiB)."),
                Setting("ORPHAN_HOURS", "24", "How long an upload may stay unattached."),
                Setting(
                    "CLAMD_ADDRESS", otherwise: "uploads are not scanned",
                    "A clamd that scans uploads: host:port or a socket's path."),
                Setting(
                    "CLAMD_UNREACHABLE", "refuse",
                    """
                    While clamd is away: "refuse" uploads, or "accept" them unscanned, and files above its \
                    StreamMaxLength.
                    """),
            ]),
        Group(
            title: "Files in object storage",
            settings: [
                Setting(
                    "S3_ENDPOINT", otherwise: "files are under STORAGE_DIR",
                    """
                    An S3-compatible store that keeps the files of uploads: https://s3.example.org. It needs the next three \
                    settings as well (docs/OPERATIONS.md, "Files in object storage").
                    """),
                Setting("S3_BUCKET", otherwise: "none", "The bucket, which must exist and be Parley's alone."),
                Setting("S3_ACCESS_KEY", otherwise: "none", "The key's name."),
                Setting("S3_SECRET_KEY", otherwise: "none", "The key's secret."),
                Setting("S3_REGION", "us-east-1", "The region that signatures name."),
                Setting(
                    "S3_PATH_STYLE", "on",
                    "\"off\" where the bucket is a part of the host's name: https://bucket.s3.example.org."),
                Setting(
                    "S3_CACHE_BYTES", "1073741824",
                    "Bytes of thumbnails and small files that are kept under STORAGE_DIR/cache as well (1 GiB). 0: none."
                ),
                Setting(
                    "MEDIA_REDIRECT", "off",
                    """
                    "on": whoever opens a file is sent to the store, by an address that works for a minute. Only for a store \
                    that people can reach.
                    """),
            ]),
        Group(
            title: "Links",
            settings: [
                Setting(
                    "LINK_CARDS", "on",
                    """
                    "off": links in messages get no cards, and the server asks no other server for pages \
                    (docs/OPERATIONS.md, "Link cards").
                    """),
                Setting(
                    "LINK_CARDS_ALLOW", otherwise: "only the public Internet",
                    """
                    Addresses or networks of your own, comma-separated, whose pages everybody here may see as cards: \
                    10.20.0.0/16.
                    """),
            ]),
        Group(
            title: "Limits",
            settings: [
                Setting(
                    "USER_TEXT_QUOTA_BYTES", "1073741824",
                    """
                    Bytes of one user's messages in the database (1 GiB): their text, and 512 bytes for each. 0 is no \
                    limit.
                    """),
                Setting(
                    "CONNECTIONS_PER_ADDRESS", otherwise: "a quarter of what there can be, at most 10,000",
                    "Connections that one address has at once (docs/OPERATIONS.md, \"Limits\")."),
                Setting("RATE_LIMITS", "on", "\"off\" for load tests only."),
                Setting(
                    "REQUEST_TIMEOUT", "60",
                    """
                    Seconds that a connection may be idle, that a request's head may take, and that a request's body or the \
                    reader of its answer may make next to no progress.
                    """),
            ]),
        Group(
            title: "Several servers",
            settings: [
                Setting(
                    "NODE_NUMBER", otherwise: "the one before, or a free one",
                    """
                    This server's number among those of its database, 1 to 1023. Session ids begin with it, so that a load \
                    balancer finds the server of a long-polling client (docs/CLUSTER.md).
                    """),
                Setting(
                    "SHARED_STORAGE", "off",
                    """
                    "on" where STORAGE_DIR/uploads is a file system that all servers of the database share. Without it a \
                    second server refuses to start.
                    """),
                Setting(
                    "BUS_URL", otherwise: "through PostgreSQL",
                    """
                    What carries live events between servers: redis://user:password@host:6379/0 or rediss://, a Redis 6 or \
                    newer, or Valkey. It holds nothing, and may fail (docs/CLUSTER.md).
                    """),
                Setting(
                    "DRAIN_SECONDS", "20",
                    """
                    Seconds over which a stopping server closes its sockets, at most 1,000 a second, so that they do not all \
                    come to the others at once. A server without others closes them at once.
                    """),
            ]),
        Group(
            title: "Cores",
            settings: [
                Setting(
                    "EVENT_LOOPS", otherwise: "one for each core",
                    "Threads that serve connections. Fewer where several servers share a machine."),
                cores("PASSWORD_THREADS", "Passwords that are hashed at once, 1 to 64."),
                cores("MEDIA_WORKERS", "Processes that decode uploads, 1 to 64."),
                cores("FILE_THREADS", "Threads that wait for the disk, 1 to 64."),
                cores("MESSAGE_LANES", "Batches of messages that are written at once, 1 to 64."),
                cores("MARK_LANES", "Batches of delivered and read marks that are written at once, 1 to 64."),
                Setting(
                    "DATABASE_CONNECTIONS", otherwise: "MESSAGE_LANES and two more",
                    "Main connections to the database, 2 to 100 (docs/OPERATIONS.md, \"Cores\")."),
            ]),
        Group(
            title: "Operation",
            settings: [
                Setting(
                    "READY_GRACE", "2",
                    """
                    Seconds for which a stopping server answers /ready with 503, and everything else normally, before it \
                    closes its port.
                    """),
                Setting(
                    "METRICS_PORT", otherwise: "off",
                    "A port for Prometheus (/metrics), on HOST, readable without signing in."),
                Setting(
                    "LOG_LEVEL", "info",
                    """
                    "trace", "debug", "info", "notice", "warning", "error" or "critical". The log goes to standard error.
                    """),
            ]),
    ]

    static let settings = groups.flatMap(\.settings)

    private static func cores(_ name: String, _ meaning: String) -> Setting {
        Setting(
            name, otherwise: "from the number of cores",
            "\(meaning) docs/OPERATIONS.md, \"Cores\", says what one more costs.")
    }
}
