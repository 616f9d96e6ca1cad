import Chat
import ChatModel
import ClusterBus
import EngineIO
import Foundation
import ObjectStorage
import PostgresClient

/// The server's numbers in Prometheus' text format 0.0.4.
struct MetricsText {
    private var lines: [String] = []

    static func make(
        _ chat: ChatMetrics, _ cluster: ClusterMetrics?, _ bus: CarriedBus?, _ nodes: Nodes, _ engine: EngineMetrics,
        _ database: PostgresClient
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
        text.describe("parley_link_cards_total", .counter, "Links in messages: whether they got a card.")
        for (result, count) in [
            ("made", chat.linkCards), ("none", chat.linksWithoutCard), ("overflow", chat.missedLinkCards),
        ] {
            text.lines.append("parley_link_cards_total{result=\"\(result)\"} \(count)")
        }
        text.add("parley_nodes", .gauge, "Servers of the database that live, this one included.", nodes.others + 1)
        text.describe("parley_lease_age_seconds", .gauge, "Since the database last confirmed that this server lives.")
        text.lines.append("parley_lease_age_seconds \(nodes.leaseAge / .seconds(1))")
        if let cluster { text.add(cluster) }
        if let bus { text.add(bus) }
        let (connections, queries) = database.statistics
        text.add("parley_database_connections", .gauge, "Open shared connections to PostgreSQL.", connections)
        text.add("parley_database_queries", .gauge, "Queries waiting or under way.", queries)
        if let store = chat.objectStore { text.add(store) }
        return text.lines.joined(separator: "\n") + "\n"
    }

    private mutating func add(_ cluster: ClusterMetrics) {
        add("parley_presence_users", .gauge, "People who are online, at any server.", cluster.online)
        add(
            "parley_followed_conversations", .gauge, "Conversations with somebody who is connected here.",
            cluster.followed)
        add("parley_events_waiting", .gauge, "Conversations of which something is missing.", cluster.troubled)
        add("parley_repair_seconds", "Time to read what was missed of a conversation.", cluster.repairs.snapshot)
        add(
            "parley_reconciles_total", .counter, "Times that everything was compared with the database.",
            cluster.reconciliations)
    }

    private mutating func add(_ bus: CarriedBus) {
        let metrics = bus.metrics
        describe("parley_bus_up", .gauge, "Whether events reach the other servers by themselves.")
        lines.append("parley_bus_up{bus=\"\(bus.name)\"} \(bus.isUp ? 1 : 0)")
        describe("parley_bus_alone", .gauge, "Whether there is no other server, so that nothing is sent.")
        lines.append("parley_bus_alone \(bus.isAlone ? 1 : 0)")
        describe("parley_bus_events_total", .counter, "Events to and from other servers.")
        lines.append("parley_bus_events_total{dir=\"out\"} \(metrics.sent.value)")
        lines.append("parley_bus_events_total{dir=\"in\"} \(metrics.received.value)")
        describe("parley_hints_total", .counter, "Conversations hinted at, to and by other servers.")
        lines.append("parley_hints_total{dir=\"out\"} \(metrics.hintsSent.value)")
        lines.append("parley_hints_total{dir=\"in\"} \(metrics.hintsReceived.value)")
        add(
            "parley_bus_unsent_total", .counter, "Events without room on the bus, or that it refused.",
            metrics.dropped.value + metrics.failed.value)
        add("parley_gaps_total", .counter, "Frames of other servers that did not come.", metrics.gaps.value)
        add(
            "parley_bus_refused_total", .counter, "Frames that came twice, too late, or from nobody that we know.",
            metrics.doubles.value + metrics.outdated.value + metrics.refused.value)
        add("parley_bus_lag_seconds", "Time of a frame from server to server.", metrics.lag.snapshot)
    }

    private mutating func add(_ store: ObjectStore.Health) {
        add(
            "parley_object_store_up", .gauge, "Whether the object store could be used the last time.",
            store.isUp ? 1 : 0)
        add("parley_object_store_requests_total", .counter, "Requests to the object store.", store.requests)
        add(
            "parley_object_store_failures_total", .counter, "Requests to the object store that were given up.",
            store.failures)
        add("parley_object_store_sent_bytes_total", .counter, "Bytes sent to the object store.", store.sentBytes)
        add(
            "parley_object_store_received_bytes_total", .counter, "Bytes received from the object store.",
            store.receivedBytes)
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
