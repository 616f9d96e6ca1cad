import Foundation
import Testing

@testable import ParleyServer

@Suite struct VersionTests {
    @Test(arguments: [
        ("Sources/ParleyServer/Resources/openapi.yaml", "  version: \"", "\""),
        ("CHANGELOG.md", "## [", "]"),
    ])
    func theFirstVersionInIs(path: String, prefix: String, end: Character) throws {
        let file = URL(filePath: #filePath + "/../../../" + path).standardized
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix(prefix) })
        #expect(line.dropFirst(prefix.count).prefix { $0 != end } == Version.current)
    }
}
