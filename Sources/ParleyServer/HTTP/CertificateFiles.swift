import Foundation
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import Synchronization

/// The PEM files (RFC 7468) of the server's certificate and key. When they change, new connections use the new ones.
/// Files that cannot be used leave the old ones in place.
final class CertificateFiles: Sendable {
    private struct Loaded: Sendable {
        var chain: [NIOSSLCertificateSource]
        var key: NIOSSLPrivateKeySource
        var version: [Date]
    }

    /// The cipher suites of TLS 1.2: with forward secrecy and authenticated encryption, and so without CBC (RFC 9325,
    /// section 4.2). TLS 1.3 has no others.
    private static let suites: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ]
    private static let interval: Duration = .seconds(2)

    private let certificate: String
    private let key: String
    private let logger: Logger
    private let loaded: Mutex<Loaded>

    /// nil where no TLS is configured.
    /// - Throws: ``OperatorError`` for files that are no certificate and its key.
    init?(_ configuration: ServerConfiguration, logger: Logger) throws {
        guard let certificate = configuration.tlsCertificate, let key = configuration.tlsKey else { return nil }
        do {
            loaded = Mutex(try Self.load(certificate, key))
        } catch {
            throw OperatorError(
                "TLS_CERT, TLS_KEY: \(certificate) and \(key) are no PEM certificate and its key")
        }
        self.certificate = certificate
        self.key = key
        self.logger = logger
    }

    var configuration: TLSConfiguration {
        let now = loaded.withLock { $0 }
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: now.chain, privateKey: now.key)
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = Self.suites
        configuration.sslContextCallback = { [self] _, promise in
            let now = loaded.withLock { $0 }
            var override = NIOSSLContextConfigurationOverride()
            override.certificateChain = now.chain
            override.privateKey = now.key
            promise.succeed(override)
        }
        return configuration
    }

    private static func load(_ certificate: String, _ key: String) throws -> Loaded {
        let version = version(certificate, key)
        let chain = try NIOSSLCertificate.fromPEMFile(certificate).map { NIOSSLCertificateSource.certificate($0) }
        let key = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
        // Making a context checks that the two belong together.
        _ = try NIOSSLContext(configuration: .makeServerConfiguration(certificateChain: chain, privateKey: key))
        return Loaded(chain: chain, key: key, version: version)
    }

    private static func version(_ paths: String...) -> [Date] {
        paths.map {
            (try? FileManager.default.attributesOfItem(atPath: $0)[.modificationDate] as? Date) ?? .distantPast
        }
    }
}

extension CertificateFiles: Service {
    /// Polls the files: their directory may be a mount that sends no notifications.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            var refused: [Date] = []
            while (try? await Task.sleep(for: Self.interval)) != nil {
                let version = Self.version(self.certificate, self.key)
                guard version != self.loaded.withLock({ $0.version }), version != refused else { continue }
                do {
                    let new = try Self.load(self.certificate, self.key)
                    self.loaded.withLock { $0 = new }
                    refused = []
                    self.logger.notice("the TLS certificate was loaded anew")
                } catch {
                    refused = version
                    self.logger.error(
                        "the TLS certificate has changed and cannot be used", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
