import ChatModel
import ChatStore
import Foundation
public import Logging

extension Administration {
    /// The servers of the database, as a table: a line of titles, and a line for each, by their numbers.
    public static func nodes(_ configuration: ServerConfiguration, logger: Logger) async throws -> [String] {
        try await withClient(configuration, logger: logger) { client in
            NodeList.lines(try await NodeStore(database: client).listIfKnown())
        }
    }
}

/// The text of `parley nodes`.
enum NodeList {
    static func lines(_ nodes: [NodeRecord]) -> [String] {
        let titles = ["number", "host", "version", "schema", "age", "sockets", "lag", "state"]
        let rows = [titles] + nodes.map(cells)
        let widths = titles.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
            return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func cells(_ node: NodeRecord) -> [String] {
        let state = !node.isAlive ? "dead" : node.isDraining ? "stopping" : "running"
        return [
            "\(node.identity.number)", node.description.host, node.description.version, "\(node.schema)",
            age(node.age), "\(node.sockets)", String(format: "%.1f s", node.silence / .seconds(1)), state,
        ]
    }

    /// The two largest units.
    static func age(_ age: Duration) -> String {
        let seconds = max(0, Int(age.components.seconds))
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) min"
        case ..<86_400: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }
}
