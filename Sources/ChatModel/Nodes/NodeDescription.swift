public import Crypto
public import Foundation

/// What a server says of itself when it joins the others of its database.
public struct NodeDescription: Sendable, Equatable {
    public var host: String
    public var version: String
    /// One for each secret whose signatures it accepts, the one it signs with first (`secretCheck(of:)`).
    public var secretChecks: [Data]
    /// The directory that it has to itself.
    public var storage: UUID
    /// The file system on which its files are.
    public var files: UUID
    /// Whether the operator says that all servers see the same files.
    public var sharesFiles: Bool

    public init(
        host: String, version: String, secretChecks: [Data], storage: UUID, files: UUID, sharesFiles: Bool
    ) {
        self.host = host
        self.version = version
        self.secretChecks = secretChecks
        self.storage = storage
        self.files = files
        self.sharesFiles = sharesFiles
    }

    /// What tells two servers whether they share a secret, and tells nobody the secret.
    public static func secretCheck(of secret: SymmetricKey) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: Data("parley nodes".utf8), using: secret))
    }
}
