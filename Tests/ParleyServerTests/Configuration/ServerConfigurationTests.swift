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

    @Test func thePublicURLHasTheBasePathOrNone() async throws {
        func load(_ url: String, _ path: String) async -> WebOrigin? {
            try? await ServerConfiguration.load(
                environment: ["PUBLIC_URL": url, "BASE_PATH": path], file: "/nonexistent/.env"
            ).publicOrigin
        }
        let origin = WebOrigin("https://chat.example")
        for url in [
            "https://chat.example", "https://chat.example/", "https://chat.example/a/b", "https://chat.example/a/b/",
        ] {
            #expect(await load(url, "/a/b") == origin, "\(url)")
        }
        for url in ["https://chat.example/a", "https://chat.example/x/a/b", "https://chat.example/a/b//", "/a/b"] {
            #expect(await load(url, "/a/b") == nil, "\(url)")
        }
        #expect(await load("https://chat.example/a/b", "") == nil)
        await #expect(throws: OperatorError.self) {
            try await ServerConfiguration.load(environment: ["BASE_PATH": "chat/"], file: "/nonexistent/.env")
        }
    }
}
