import Chat
import ChatModel
import EngineIO
import Foundation
import PostgresClient

/// The server's numbers in Prometheus' text format 0.0.4.
struct MetricsText {
    private var lines: [String] = []

    static func make(
        _ chat: ChatMetrics, _ nodes: Nodes, _ engine: EngineMetrics, _ database: PostgresClient
    ) -> String {
        var text = MetricsText()
        text.describe("parley_build_info", .gauge, "The version that runs; the value is always 1.")
        text.lines.append("parley_build_info{version=\"\(Version.current)\"} 1")
        text.add("parley_connections", .gauge, "Open real-time connections.", engine.sessions)
        text.add(
            "parley_connections_opened_total", .counter, "Real-time connections since the start.", engine.sessionsOpened
        )
        text.add(
            "parley_slow_connections_total", .counter, "Connections ended because their client did not read.",
            engine.slowConsumers)
        text.add(
            "parley_refused_handshakes_total", .counter, "Real-time requests answered with an error.",
            engine.refusedRequests)
        text.add("parley_deliveries_total", .counter, "Packets handed to connections.", engine.deliveries)
        text.add("parley_messages_total", .counter, "Messages stored.", chat.messages)
        text.add("parley_messages_queued", .gauge, "Messages waiting for a commit.", chat.queuedMessages)
        text.add("parley_batch_size", "Messages in one commit.", chat.batchSizes.snapshot)
        text.add("parley_commit_seconds", "Time of one commit of messages.", chat.commitSeconds.snapshot)
        text.add("parley_upload_bytes_total", .counter, "Bytes of files received whole.", chat.uploadBytes)
        text.add(
            "parley_media_worker_restarts_total", .counter, "Media workers that crashed or hung.", chat.workerFailures)
        text.add("parley_nodes", .gauge, "Servers of the database that live, this one included.", nodes.others + 1)
        text.describe("parley_lease_age_seconds", .gauge, "Since the database last confirmed that this server lives.")
        text.lines.append("parley_lease_age_seconds \(nodes.leaseAge / .seconds(1))")
        let (connections, queries) = database.statistics
        text.add("parley_database_connections", .gauge, "Open shared connections to PostgreSQL.", connections)
        text.add("parley_database_queries", .gauge, "Queries waiting or under way.", queries)
        return text.lines.joined(separator: "\n") + "\n"
    }

    private enum Kind: String { case counter, gauge, histogram }

    private mutating func describe(_ name: String, _ kind: Kind, _ help: String) {
        lines.append("# HELP \(name) \(help)")
        lines.append("# TYPE \(name) \(kind.rawValue)")
    }

    private mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
        describe(name, kind, help)
        lines.append("\(name) \(value)")
    }

    private mutating func add(_ name: String, _ help: String, _ histogram: Histogram.Snapshot) {
        describe(name, .histogram, help)
        for (bound, count) in histogram.cumulative { lines.append("\(name)_bucket{le=\"\(bound)\"} \(count)") }
        lines.append("\(name)_bucket{le=\"+Inf\"} \(histogram.count)")
        lines.append("\(name)_sum \(histogram.sum)")
        lines.append("\(name)_count \(histogram.count)")
    }
}
