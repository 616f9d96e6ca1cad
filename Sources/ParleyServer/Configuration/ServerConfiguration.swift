import ChatModel
import Configuration
public import Foundation
public import Logging
import ObjectStorage
import RedisClient
import WebFetch

/// The settings, from environment variables or the installation's settings file. The environment wins.
public struct ServerConfiguration: Sendable {
    public enum ScannerFallback: String, Sendable { case refuse, accept }

    public var host = "127.0.0.1"
    public var port = 8080
    /// nil: a private PostgreSQL under `storageDirectory`.
    public var databaseURL: String?
    public var storageDirectory: URL
    public var migrationsDirectory: URL
    public var webDirectory: URL
    /// nil: made once and kept in `storageDirectory`.
    public var jwtSecret: String?
    public var jwtSecretPrevious: String?
    public var logLevel = Logger.Level.info
    /// Pages elsewhere that may use this server.
    var corsOrigins: Set<WebOrigin> = []
    /// The path below which everything is served.
    var basePath = BasePath.root
    /// The server's public address; nil: whatever name a request uses.
    var publicOrigin: WebOrigin?
    /// Seconds for which browsers are told to use TLS only; nil: they are not told.
    public var strictTransportSeconds: Int?
    /// Addresses and networks (CIDR) of proxies whose `X-Forwarded-For` is trusted.
    public var trustedProxies: [String] = []
    public var tlsCertificate: String?
    public var tlsKey: String?
    public var maxUploadBytes = 104_857_600
    public var userQuotaBytes = 10_737_418_240
    /// 0: no limit.
    public var userTextQuotaBytes = 1 << 30
    public var orphanHours = 24
    public var clamdAddress: String?
    public var clamdUnreachable = ScannerFallback.refuse
    /// nil: no metrics are served.
    public var metricsPort: Int?
    /// Whether links in messages get cards, for which the server asks other servers.
    public var linkCards = true
    /// Addresses and networks (CIDR) beside the public Internet that links may lead to, with any port.
    public var linkCardsAllow: [String] = []
    public var rateLimits = true
    /// nil: derived from the limit of open files.
    public var connectionsPerAddress: Int?
    /// Seconds that a connection may be idle, that a request's head may take, and in which its body must make progress.
    public var requestTimeout = 60
    /// Seconds between `/ready`'s first refusal and the closing of the port. Everything else goes on meanwhile.
    public var readyGrace = 2
    /// Over how many seconds a stopping server closes its sockets, where there are other servers for them.
    var drainSeconds = 20
    /// This server's number among those of its database; nil: the one that it had, or a free one.
    var nodeNumber: UInt16?
    /// Where files are kept; nil: on the disk.
    var objectStore: ObjectStoreConfiguration?
    /// How many bytes of small objects are kept on the disk as well.
    var cacheBytes = 1 << 30
    /// Whether whoever opens a file is sent to the object store.
    var mediaRedirect = false
    /// Whether `storageDirectory`'s uploads are on a file system that all servers of the database share.
    var sharedStorage = false
    /// What carries live events between servers; nil: PostgreSQL.
    var busURL: String?
    /// Threads that serve connections; nil: as many as there are cores.
    var eventLoops: Int?
    /// Threads, workers, lanes and connections.
    var concurrency = Concurrency()
    /// One sentence for each setting that is probably misspelled.
    public private(set) var warnings: [String] = []

    public init(_ installation: Installation = .current) {
        storageDirectory = installation.storage
        migrationsDirectory = installation.migrations
        webDirectory = installation.web
    }

    /// Reads the settings.
    /// - Throws: ``OperatorError`` for a value that makes no sense.
    public static func load(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        file: String = Installation.current.settingsFile
    ) async throws -> ServerConfiguration {
        let fromFile = try SettingsFile.load(file)
        let settings = Settings(
            reader: ConfigReader(
                provider: EnvironmentVariablesProvider(
                    environmentVariables: fromFile.merging(environment) { _, environment in environment })))
        var configuration = ServerConfiguration()
        try configuration.read(settings)
        configuration.warnings =
            SettingNames.warnings(fromFile.keys, in: file, known: settings.names)
            + SettingNames.warnings(
                // Other programs have many variables. A short name says nothing.
                environment.keys.filter { $0.contains("_") }, in: "the environment", known: settings.names)
        return configuration
    }

    /// The names of all settings.
    static func names() throws -> [String] {
        let settings = Settings(reader: ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: [:])))
        var configuration = ServerConfiguration()
        try configuration.read(settings)
        return settings.names
    }

    private mutating func read(_ settings: Settings) throws {
        host = settings.string("HOST") ?? host
        port = try settings.integer("PORT", in: 0...65535) ?? port
        databaseURL = try settings.string("DATABASE_URL").map { url in
            guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") || url.contains("=") else {
                throw OperatorError("DATABASE_URL: not a PostgreSQL URL or connection string")
            }
            return url
        }
        storageDirectory = settings.string("STORAGE_DIR").map { URL(filePath: $0) } ?? storageDirectory
        migrationsDirectory = settings.string("MIGRATIONS_DIR").map { URL(filePath: $0) } ?? migrationsDirectory
        webDirectory = settings.string("WEB_DIR").map { URL(filePath: $0) } ?? webDirectory
        jwtSecret = try settings.secret("JWT_SECRET")
        jwtSecretPrevious = try settings.secret("JWT_SECRET_PREVIOUS")
        logLevel = try settings.choice("LOG_LEVEL") ?? logLevel
        corsOrigins = Set(
            try settings.list("CORS_ORIGINS").map { try Self.origin($0, of: "CORS_ORIGINS") })
        basePath =
            try settings.string("BASE_PATH").map { text in
                guard let path = BasePath(text) else {
                    throw OperatorError("BASE_PATH: \(text) is no path like /chat, without a slash at its end")
                }
                return path
            } ?? basePath
        publicOrigin = try settings.string("PUBLIC_URL").map { try Self.publicOrigin($0, basePath) }
        strictTransportSeconds = try settings.integer("HSTS_SECONDS", in: 0...1_000_000_000)
        trustedProxies = settings.list("TRUSTED_PROXIES")
        do throws(TrustedProxies.Invalid) {
            _ = try TrustedProxies(trustedProxies)
        } catch {
            throw OperatorError("TRUSTED_PROXIES: \(error.entry) is no address or network like 10.0.0.0/8")
        }
        tlsCertificate = try settings.file("TLS_CERT")
        tlsKey = try settings.file("TLS_KEY")
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw OperatorError("TLS_CERT and TLS_KEY: set both or neither")
        }
        maxUploadBytes = try settings.integer("MAX_UPLOAD_BYTES", in: 1...(1 << 40)) ?? maxUploadBytes
        userQuotaBytes = try settings.integer("USER_QUOTA_BYTES", in: 0...(1 << 50)) ?? userQuotaBytes
        userTextQuotaBytes = try settings.integer("USER_TEXT_QUOTA_BYTES", in: 0...(1 << 50)) ?? userTextQuotaBytes
        orphanHours = try settings.integer("ORPHAN_HOURS", in: 1...87_600) ?? orphanHours
        clamdAddress = settings.string("CLAMD_ADDRESS")
        clamdUnreachable = try settings.choice("CLAMD_UNREACHABLE") ?? clamdUnreachable
        metricsPort = try settings.integer("METRICS_PORT", in: 1...65535)
        requestTimeout = try settings.integer("REQUEST_TIMEOUT", in: 1...3600) ?? requestTimeout
        readyGrace = try settings.integer("READY_GRACE", in: 0...600) ?? readyGrace
        drainSeconds = try settings.integer("DRAIN_SECONDS", in: 0...3600) ?? drainSeconds
        connectionsPerAddress = try settings.integer("CONNECTIONS_PER_ADDRESS", in: 1...10_000_000)
        nodeNumber = try settings.integer("NODE_NUMBER", in: NodeAdmission.numberRange).map { UInt16($0) }
        sharedStorage = try settings.choice("SHARED_STORAGE", as: Switch.self).map { $0 == .on } ?? sharedStorage
        busURL = try settings.string("BUS_URL").map { url in
            do throws(RedisError) {
                _ = try RedisConfiguration(url: url)
                return url
            } catch {
                throw OperatorError("BUS_URL: \(error.detail)")
            }
        }
        objectStore = try Self.objectStore(settings)
        cacheBytes = try settings.integer("S3_CACHE_BYTES", in: 0...(1 << 40)) ?? cacheBytes
        mediaRedirect = try settings.choice("MEDIA_REDIRECT", as: Switch.self).map { $0 == .on } ?? mediaRedirect
        linkCards = try settings.choice("LINK_CARDS", as: Switch.self).map { $0 == .on } ?? linkCards
        linkCardsAllow = settings.list("LINK_CARDS_ALLOW")
        for entry in linkCardsAllow where IPNetwork(entry) == nil {
            throw OperatorError("LINK_CARDS_ALLOW: \(entry) is no address or network like 10.0.0.0/8")
        }
        eventLoops = try settings.integer("EVENT_LOOPS", in: 1...1024)
        concurrency = try Self.concurrency(settings)
        rateLimits = try settings.choice("RATE_LIMITS", as: Switch.self).map { $0 == .on } ?? rateLimits
    }

    private static func objectStore(_ settings: Settings) throws -> ObjectStoreConfiguration? {
        let endpoint = settings.string("S3_ENDPOINT")
        let needed = try ["S3_BUCKET", "S3_ACCESS_KEY", "S3_SECRET_KEY"].map { name in
            let value = settings.string(name)
            guard (value == nil) == (endpoint == nil) else {
                throw OperatorError("\(name): S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY go together")
            }
            return value ?? ""
        }
        let region = settings.string("S3_REGION") ?? "us-east-1"
        let usesPaths = try settings.choice("S3_PATH_STYLE", as: Switch.self).map { $0 == .on } ?? true
        guard let endpoint else { return nil }
        do throws(ObjectStoreConfiguration.Invalid) {
            return try ObjectStoreConfiguration(
                endpoint: endpoint, bucket: needed[0], region: region, accessKey: needed[1], secretKey: needed[2],
                usesPaths: usesPaths)
        } catch {
            let name =
                switch error.part {
                case .endpoint: "S3_ENDPOINT"
                case .bucket: "S3_BUCKET"
                case .region: "S3_REGION"
                case .accessKey: "S3_ACCESS_KEY"
                case .secretKey: "S3_SECRET_KEY"
                }
            throw OperatorError("\(name): \(error.reason)")
        }
    }

    private static func concurrency(_ settings: Settings) throws -> Concurrency {
        func count(_ name: String) throws -> Int? { try settings.integer(name, in: Concurrency.range) }
        var concurrency = Concurrency()
        concurrency.passwordThreads = try count("PASSWORD_THREADS") ?? concurrency.passwordThreads
        concurrency.mediaWorkers = try count("MEDIA_WORKERS") ?? concurrency.mediaWorkers
        concurrency.fileThreads = try count("FILE_THREADS") ?? concurrency.fileThreads
        concurrency.messageLanes = try count("MESSAGE_LANES") ?? concurrency.messageLanes
        concurrency.markLanes = try count("MARK_LANES") ?? concurrency.markLanes
        concurrency.databaseConnections =
            try settings.integer("DATABASE_CONNECTIONS", in: 2...100)
            ?? Concurrency.connections(forLanes: concurrency.messageLanes)
        return concurrency
    }

    private enum Switch: String { case on, off }

    /// People know the address with its path. The path must be that of `BASE_PATH`.
    private static func publicOrigin(_ url: String, _ basePath: BasePath) throws -> WebOrigin {
        let path = basePath.text
        let isWhole = !path.isEmpty && (url.hasSuffix(path) || url.hasSuffix(path + "/"))
        return try origin(
            isWhole ? String(url.dropLast(path.count + (url.hasSuffix("/") ? 1 : 0))) : url, of: "PUBLIC_URL")
    }

    /// `scheme://host[:port]` (RFC 6454, section 6.2), with or without a final slash.
    private static func origin(_ text: String, of setting: String) throws -> WebOrigin {
        let isPlain =
            text.split(separator: "/", omittingEmptySubsequences: false).count == (text.hasSuffix("/") ? 4 : 3)
        guard isPlain, !text.contains(where: { "?#*".contains($0) }), let origin = WebOrigin(text) else {
            throw OperatorError("\(setting): \(text) is no origin like https://chat.example.org")
        }
        return origin
    }
}

/// The settings by their names in the environment. An empty value counts as none.
private final class Settings {
    private let reader: ConfigReader
    /// All names that were asked for.
    private(set) var names: [String] = []

    init(reader: ConfigReader) { self.reader = reader }

    func string(_ name: String) -> String? {
        names.append(name)
        let key = ConfigKey(name.lowercased().split(separator: "_").map(String.init))
        guard let value = reader.string(forKey: key), !value.isEmpty else { return nil }
        return value
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = string(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw OperatorError(
                "\(name): \(text) is no whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func choice<Value: RawRepresentable<String>>(_ name: String, as type: Value.Type = Value.self) throws -> Value? {
        guard let text = string(name) else { return nil }
        guard let value = Value(rawValue: text.lowercased()) else {
            throw OperatorError("\(name): \(text) is not a known value")
        }
        return value
    }

    func list(_ name: String) -> [String] {
        (string(name) ?? "").split(whereSeparator: { $0 == "," || $0.isWhitespace }).map(String.init)
    }

    func file(_ name: String) throws -> String? {
        guard let path = string(name) else { return nil }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw OperatorError("\(name): \(path) cannot be read")
        }
        return path
    }

    /// A key for HMAC-SHA-256 is as long as its output (RFC 7518, section 3.2).
    func secret(_ name: String) throws -> String? {
        guard let secret = string(name) else { return nil }
        guard secret.utf8.count >= 32 else {
            throw OperatorError("\(name): at least 32 characters")
        }
        return secret
    }
}
