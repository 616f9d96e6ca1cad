import ArgumentParser
import ParleyServer

struct NodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes", abstract: "List the servers that run on the database.",
        discussion: """
            Each says every five seconds that it lives, and how many sockets it has; `lag` is how long ago that was. A server \
            that did not say so for fifteen seconds is dead, and its line disappears.
            """)

    func run() async throws {
        try await operating { configuration, logger in
            for line in try await Administration.nodes(configuration, logger: logger) { print(line) }
        }
    }
}
