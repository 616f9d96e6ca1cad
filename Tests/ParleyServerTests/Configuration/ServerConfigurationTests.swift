import Foundation
import Testing

@testable import ParleyServer

@Suite struct ServerConfigurationTests {
    private static func text(_ path: String) throws -> String {
        try String(contentsOf: URL(filePath: #filePath + "/../../../../" + path).standardized, encoding: .utf8)
    }

    /// The settings of `.env.example`, as they are when each `#` in front of a setting is removed.
    private func example() throws -> [String: String] {
        let lines = try Self.text(".env.example").split(separator: "\n", omittingEmptySubsequences: false)
        let uncommented = lines.map { $0.hasPrefix("#") && !$0.hasPrefix("# ") ? $0.dropFirst() : $0 }
        return try SettingsFile(uncommented.joined(separator: "\n")).values
    }

    @Test func theExampleHoldsTheDefaults() async throws {
        let loaded = try await ServerConfiguration.load(environment: example(), file: "/nonexistent/.env")
        #expect(String(reflecting: loaded) == String(reflecting: ServerConfiguration()))
    }
}
