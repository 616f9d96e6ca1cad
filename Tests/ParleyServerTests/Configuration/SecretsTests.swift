import Crypto
import Foundation
import Testing

@testable import ParleyServer

@Suite struct SecretsTests {
    private func withStorage(_ body: (ServerConfiguration, URL) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "parley-secrets-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        var configuration = ServerConfiguration()
        configuration.storageDirectory = directory
        try body(configuration, directory.appending(path: "jwt-secret"))
    }

    @Test func aSecretIsMadeOnceAndKept() throws {
        try withStorage { configuration, file in
            let first = try Secrets(configuration)
            #expect(first.previous == nil && first.current.bitCount >= 256)
            #expect(try Secrets(configuration).current == first.current)
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            try FileManager.default.removeItem(at: file)
            #expect(try Secrets(configuration).current != first.current)
        }
    }

    @Test func theSettingsComeFirst() throws {
        try withStorage { configuration, file in
            var configuration = configuration
            configuration.jwtSecret = String(repeating: "a", count: 32)
            configuration.jwtSecretPrevious = String(repeating: "b", count: 32)
            let secrets = try Secrets(configuration)
            #expect(secrets.current == SymmetricKey(data: Data(repeating: 0x61, count: 32)))
            #expect(secrets.previous == SymmetricKey(data: Data(repeating: 0x62, count: 32)))
            #expect(!FileManager.default.fileExists(atPath: file.path))
        }
    }

    /// A start that was cut off leaves a part of a file under another name.
    @Test func aFileThatWasHalfWrittenIsNoSecret() throws {
        try withStorage { configuration, file in
            try Data("half".utf8).write(to: file.appendingPathExtension("partial"))
            let secret = try Secrets(configuration).current
            #expect(secret.bitCount >= 256)
            #expect(try Secrets(configuration).current == secret)
        }
    }
}
