import Crypto
import Foundation
import SystemPackage

/// The keys that sign tokens and links.
struct Secrets: Sendable {
    let current: SymmetricKey
    /// Still accepted, while clients change over to the current one.
    let previous: SymmetricKey?

    init(_ configuration: ServerConfiguration) throws {
        current = try Self.load(configuration.jwtSecret, storage: configuration.storageDirectory)
        previous = configuration.jwtSecretPrevious.map { SymmetricKey(data: Data($0.utf8)) }
    }

    /// The secret of the settings, or one that is made once and kept beside the data.
    private static func load(_ configured: String?, storage: URL) throws -> SymmetricKey {
        if let configured { return SymmetricKey(data: Data(configured.utf8)) }
        let file = storage.appending(path: "jwt-secret")
        if let kept = try? Data(contentsOf: file), kept.count >= 32 { return SymmetricKey(data: kept) }
        let key = SymmetricKey(size: .bits256)
        let encoded = Data(key.withUnsafeBytes { Data($0) }.base64EncodedString().utf8)
        // Moved into place when it is complete: the next start would read a half-written file as a secret.
        let partial = storage.appending(path: "jwt-secret.partial")
        let descriptor = try FileDescriptor.open(
            FilePath(partial.path), .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
        try descriptor.closeAfter { _ = try descriptor.writeAll(encoded) }
        try FileManager.default.moveItem(at: partial, to: file)
        return SymmetricKey(data: encoded)
    }
}
