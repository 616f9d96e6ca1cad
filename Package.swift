// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

extension Target.Dependency {
    static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let configuration = product(name: "Configuration", package: "swift-configuration")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let cryptoExtras = product(name: "CryptoExtras", package: "swift-crypto")
    static let deque = product(name: "DequeModule", package: "swift-collections")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let hummingbirdTLS = product(name: "HummingbirdTLS", package: "hummingbird")
    static let jwt = product(name: "JWTKit", package: "jwt-kit")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let signals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let logging = product(name: "Logging", package: "swift-log")
    static let nio = product(name: "NIOCore", package: "swift-nio")
    static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
    static let nioFoundation = product(name: "NIOFoundationCompat", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTPCompression = product(name: "NIOHTTPCompression", package: "swift-nio-extras")
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioHTTPTypesHTTP1 = product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let nioWebSocket = product(name: "NIOWebSocket", package: "swift-nio")
    static let system = product(name: "SystemPackage", package: "swift-system")
}

// A target imports only from those above it: C libraries, adapters, protocols, domain, server, command.
// Parley runs on Linux only (epoll, Landlock, seccomp, openat2). SwiftPM's `platforms` can name nothing but Apple's systems,
// so none is named.
let package = Package(
    name: "parley",
    products: [
        .executable(name: "parley", targets: ["parley"]),
        .library(name: "PostgresClient", targets: ["PostgresClient"]),
        .library(name: "EngineIO", targets: ["EngineIO"]),
        .library(name: "EngineIOHummingbird", targets: ["EngineIOHummingbird"]),
        .library(name: "SocketIO", targets: ["SocketIO"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
    ],
    targets: [
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CMagic", pkgConfig: "libmagic", providers: [.apt(["libmagic-dev"])]),
        .systemLibrary(name: "CLibVips", pkgConfig: "vips", providers: [.apt(["libvips-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .target(name: "CVips", dependencies: ["CLibVips"]),
        .target(name: "CSandbox"),
        .target(name: "CFiles"),

        .target(
            name: "PostgresClient", dependencies: ["CPostgres", .crypto, .deque, .logging], swiftSettings: settings),
        .target(
            name: "RedisClient", dependencies: [.deque, .logging, .nio, .nioPosix, .nioSSL], swiftSettings: settings),
        .target(
            name: "EngineIO",
            dependencies: [
                "CZlib", .nio, .nioHTTP1, .nioWebSocket, .nioHTTPTypesHTTP1, .httpTypes, .logging, .deque,
            ],
            swiftSettings: settings),
        .target(
            name: "EngineIOHummingbird",
            dependencies: [
                "EngineIO", .hummingbirdCore, .logging, .nio, .nioHTTP1, .nioHTTPTypes, .nioHTTPTypesHTTP1,
            ],
            swiftSettings: settings),
        .target(name: "SocketIO", dependencies: ["EngineIO", .nio, .logging], swiftSettings: settings),
        .target(
            name: "ObjectStorage",
            dependencies: [.asyncHTTPClient, .crypto, .logging, .nio, .nioHTTP1, .nioPosix], swiftSettings: settings),
        .target(
            name: "WebFetch",
            dependencies: [.asyncHTTPClient, .nio, .nioHTTP1, .nioHTTPCompression, .nioPosix], swiftSettings: settings),
        .target(
            name: "Media",
            dependencies: [
                "CFiles", "CMagic", "CVips", "CSandbox", "CZlib", "ObjectStorage", .crypto, .deque, .logging, .nio,
                .nioPosix,
            ],
            swiftSettings: settings),

        .target(name: "ChatModel", dependencies: [.crypto, .deque], swiftSettings: settings),
        .target(
            name: "ChatStore", dependencies: ["ChatModel", "PostgresClient", .crypto, .deque, .logging],
            swiftSettings: settings),
        .target(
            name: "ClusterBus",
            dependencies: ["ChatModel", "ChatStore", "PostgresClient", "RedisClient", .crypto, .deque, .logging, .nio],
            swiftSettings: settings),
        .target(
            name: "Chat",
            dependencies: [
                "ChatModel", "ChatStore", "ClusterBus", "Media", "ObjectStorage", "WebFetch", .deque, .crypto,
                .cryptoExtras, .logging, .nio, .nioPosix,
            ],
            swiftSettings: settings),
        .target(
            name: "ParleyServer",
            dependencies: [
                "ChatModel", "ChatStore", "ClusterBus", "Chat", "PostgresClient", "RedisClient", "ObjectStorage",
                "Media", "WebFetch",
                "SocketIO", "EngineIO",
                "EngineIOHummingbird", "CFiles", "CMalloc", "CZlib",
                .configuration, .system, .hummingbird, .hummingbirdCore, .hummingbirdTLS, .jwt, .crypto,
                .lifecycle, .signals, .logging, .nio, .nioPosix, .nioSSL, .nioHTTP1, .nioHTTPTypes, .nioFoundation,
                .httpTypes,
            ],
            resources: [.embedInCode("Resources/openapi.yaml")],
            swiftSettings: settings),
        .executableTarget(
            name: "parley", dependencies: ["ParleyServer", "Chat", "Media", .argumentParser, .logging],
            swiftSettings: settings),
        .executableTarget(
            name: "socketio-echo",
            dependencies: [
                "SocketIO", "EngineIO", "EngineIOHummingbird", .argumentParser, .hummingbird, .logging, .nio, .nioPosix,
            ],
            swiftSettings: settings),

        .target(
            name: "TestPostgres", path: "Tests/TestPostgres", swiftSettings: settings),
        .testTarget(
            name: "PostgresClientTests", dependencies: ["PostgresClient", "TestPostgres", .logging],
            swiftSettings: settings),
        .target(
            name: "TestRedis", dependencies: ["TestPostgres"], path: "Tests/TestRedis", swiftSettings: settings),
        .testTarget(
            name: "RedisClientTests", dependencies: ["RedisClient", "TestRedis", .logging, .nio, .nioPosix],
            swiftSettings: settings),
        .target(
            name: "RealtimeTesting",
            dependencies: [
                "EngineIO", "EngineIOHummingbird", .hummingbirdCore, .logging, .nio, .nioEmbedded, .nioPosix,
                .nioWebSocket,
            ],
            path: "Tests/RealtimeTesting", swiftSettings: settings),
        .testTarget(
            name: "EngineIOTests",
            dependencies: [
                "EngineIO", "RealtimeTesting", .httpTypes, .hummingbirdCore, .logging, .nio, .nioHTTP1, .nioWebSocket,
                .nioEmbedded,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "SocketIOTests",
            dependencies: [
                "SocketIO", "EngineIO", "RealtimeTesting", .httpTypes, .hummingbirdCore, .logging, .nio, .nioPosix,
                .nioWebSocket, .nioEmbedded,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ObjectStorageTests",
            dependencies: ["ObjectStorage", .asyncHTTPClient, .logging, .nio, .nioEmbedded, .nioHTTP1],
            swiftSettings: settings),
        .testTarget(
            name: "WebFetchTests", dependencies: ["WebFetch", .nio, .nioHTTP1, .nioPosix],
            swiftSettings: settings),
        .testTarget(name: "ChatModelTests", dependencies: ["ChatModel", .crypto], swiftSettings: settings),
        .target(
            name: "ChatTesting",
            dependencies: [
                "Chat", "ChatStore", "ChatModel", "Media", "PostgresClient", "TestPostgres", .crypto, .logging,
                .nioPosix,
            ],
            path: "Tests/ChatTesting", swiftSettings: settings),
        .testTarget(
            name: "ChatStoreTests", dependencies: ["ChatStore", "ChatModel", "ChatTesting", "PostgresClient"],
            swiftSettings: settings),
        .testTarget(
            name: "ClusterBusTests",
            dependencies: [
                "ClusterBus", "ChatModel", "ChatStore", "PostgresClient", "RedisClient", "TestPostgres", "TestRedis",
                .crypto, .logging, .nio, .nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ChatTests",
            dependencies: [
                "Chat", "ChatStore", "ChatModel", "ChatTesting", "ClusterBus", "Media", "PostgresClient", .crypto, .nio,
                .nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ParleyServerTests",
            dependencies: [
                "ParleyServer", "Chat", "ChatModel", "ChatTesting", "Media", "PostgresClient", "SocketIO", "EngineIO",
                "WebFetch", "CZlib", .crypto, .httpTypes, .hummingbird, .logging, .nio, .nioEmbedded, .nioFoundation,
                .nioHTTP1,
                .nioHTTPTypes, .nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "MediaTests",
            dependencies: ["Media", "CVips", "CZlib", "parley", .crypto, .logging, .nio, .nioPosix],
            swiftSettings: settings),
    ]
)

// libFuzzer brings its own `main`: this target links only where `make fuzz` builds it.
if Context.environment["PARLEY_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzz", dependencies: ["EngineIO", "SocketIO", .nio, .nioHTTP1, .nioWebSocket], path: "Tests/Fuzz",
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]))
}
