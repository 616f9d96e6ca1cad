import NIOSSL

/// TLS from PEM files (RFC 7468).
enum TLS {
    static func configuration(certificate: String, key: String) throws -> TLSConfiguration {
        do {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            return configuration
        } catch {
            throw ServerConfiguration.Invalid(description: "TLS_CERT, TLS_KEY: \(certificate) and \(key) are no PEM certificate and key")
        }
    }
}
