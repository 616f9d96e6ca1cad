import Foundation
import Testing

@testable import ParleyServer

/// The documents are made from the list of settings. `PARLEY_RECORD=1` writes them anew.
@Suite struct SettingDocumentsTests {
    private static let root = URL(filePath: #filePath + "/../../../../").standardized
    private static let records = ProcessInfo.processInfo.environment["PARLEY_RECORD"] != nil

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    @Test func theListNamesEverySetting() throws {
        let listed = SettingCatalog.settings.map(\.name)
        #expect(try Set(listed) == Set(ServerConfiguration.names()))
        #expect(Set(listed).count == listed.count)
    }

    @Test func theExampleIsMadeFromTheList() throws {
        if Self.records {
            try SettingDocuments.example.write(
                to: Self.root.appending(path: ".env.example"), atomically: true, encoding: .utf8)
        }
        #expect(try text(".env.example") == SettingDocuments.example)
    }

    @Test func theGuidesTableIsMadeFromTheList() throws {
        let path = "docs/OPERATIONS.md"
        let guide = try text(path)
        let table = try #require(guide.firstMatch(of: /\| variable \| default \| \|\n(?:\|.*\n)+/))
        if Self.records {
            try guide.replacingCharacters(in: table.range, with: SettingDocuments.table)
                .write(to: Self.root.appending(path: path), atomically: true, encoding: .utf8)
        } else {
            #expect(table.output == SettingDocuments.table)
        }
    }

    @Test func theHelpNamesEverySetting() throws {
        for name in try ServerConfiguration.names() { #expect(SettingDocuments.help.contains("\n\n\(name) (")) }
    }
}
