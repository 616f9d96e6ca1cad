import Crypto
import Foundation
import SystemPackage

/// The server's secret: from the settings, or made once and kept beside the data.
enum Secret {
    static func load(_ configured: String?, storage: URL) throws -> SymmetricKey {
        if let configured { return SymmetricKey(data: Data(configured.utf8)) }
        let file = storage.appending(path: "jwt-secret")
        if let kept = try? Data(contentsOf: file), kept.count >= 32 { return SymmetricKey(data: kept) }
        let key = SymmetricKey(size: .bits256)
        let encoded = Data(key.withUnsafeBytes { Data($0) }.base64EncodedString().utf8)
        // Complete or not there: a half-written secret would be read as one at the next start.
        let partial = storage.appending(path: "jwt-secret.partial")
        let descriptor = try FileDescriptor.open(
            FilePath(partial.path), .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
        try descriptor.closeAfter { _ = try descriptor.writeAll(encoded) }
        try FileManager.default.moveItem(at: partial, to: file)
        return SymmetricKey(data: encoded)
    }
}
