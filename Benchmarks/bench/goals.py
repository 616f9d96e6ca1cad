"""The goals: what each figure should be. This is their only place.

Where a peer does the same work in the same run, the goal is a ratio to it: that carries over to other machines and days.
"""

import typing


class Goal(typing.NamedTuple):
    scenario: str
    metric: str
    what: str
    # What a profile says about a miss, with its date. Shown only while the goal is missed.
    because: str = ""
    # Exactly one of the two is set.
    most: float = None
    least: float = None
    # The figure is divided by this subject's.
    of: str = None
    subject: str = "parley"

    def is_met(self, value):
        return value <= self.most if self.most is not None else value >= self.least


GOALS = [
    Goal("fanout", "delivery_server_us", "a delivery, 20 messages in flight to 1,000, to the C broadcaster's: server CPU",
         most=1.15, of="broadcaster, gather",
         because="2026-11-21, perf: 60 % is the kernel's. Each connection gets one write for all messages that arrive within "
                 "some milliseconds. How many messages that is depends on how fast they arrive, here on the load tool: runs of "
                 "this day gave 1.0 to 1.6."),
    Goal("fanout-rate", "delivery_server_us", "a delivery, 10 messages a second to 1,000, to the C broadcaster's: server CPU",
         most=1.25, of="broadcaster, each",
         because="2026-11-21, perf: each delivery is a write of its own, and two thirds of it are the kernel's (the C broadcaster "
                 "shows how much). The rest is NIO's pipeline and its bookkeeping of pending writes. The rounds spread over both "
                 "sides of the goal."),
    Goal("connections", "connection_rss_kb", "an idle connection of 10,000: RSS kB", most=5,
         because="2026-11-21, heaptrack: the heap holds some 4.9 kB: NIO's channel with its pipeline, read buffer and pending "
                 "writes 2.4, the session and its socket 1.2, five rooms 0.7, the handshake's text and addresses 0.4. The rest is "
                 "what malloc adds to 70 pieces. Three changes took it from 8.9 to 6: our own frames instead of NIO's decoder, a "
                 "smaller first read buffer, and rooms of one without arrays."),
    Goal("connections", "connect_server_us", "a connect with token check and rooms, to bare ws's: server CPU", most=1, of="ws",
         because="2026-11-21, perf: 34 % is the kernel's (accept, four writes, wake-ups), 15 % making NIO's channel and changing "
                 "its pipeline at the upgrade, 10 % Hummingbird's task for the connection, 8 % libpq's thread, 7 % the token, 4 % "
                 "joining rooms. It was 570 with five queries in sequence."),
    # 120 µs where ws and node-pg took 880.
    Goal("pairs", "message_us", "a message in 512 one-to-one chats, to that of ws and pg: server + PostgreSQL CPU", most=0.136,
         of="ws",
         because="2026-11-21, perf: of the server's half, 40 % is two writes and a read in the kernel. PostgreSQL's half is the "
                 "indexes of `messages` and of the words (migration 0012)."),
    # 140 µs where ws and node-pg took 644.
    Goal("ack-64", "message_us", "an acknowledged message, 64 senders, to that of ws and pg: server + PostgreSQL CPU", most=0.217,
         of="ws",
         because="2026-11-21: 64 senders make batches of some thirty messages. A batch costs PostgreSQL about a millisecond to "
                 "start the statement, lock, write WAL and wake up, and few messages share that. With 512 senders a message costs "
                 "PostgreSQL half as much."),
    *(Goal("ack-1", metric, f"an acknowledgement, one sender, to that of ws and pg: {what}", most=1, of="ws")
      for metric, what in (("ack_p50_us", "p50"), ("message_us", "server + PostgreSQL CPU"))),
    Goal("ack-1", "over_commit_us", "an acknowledgement, one sender: µs over one commit, p50", most=150,
         because="2026-11-21: the message's transaction inserts a row with eight indexes, locks and updates the conversation, and "
                 "checks the sender. pgbench's commit does the two writes only. Two hand-overs between threads each way take 50 "
                 "to 100 µs on processors that slept."),
    Goal("reading-history", "per_cpu_s", "pages of 50 messages of a million: a second of server CPU", least=6_000,
         subject="1,000,000",
         because="2026-11-21, perf: 24 % is writing JSON, 15 % libpq's thread, 13 % reading rows, 8 % Hummingbird's writer, 27 % "
                 "the kernel's, half of it switching threads for two round trips to PostgreSQL. Each page is 23 kB and has "
                 "reactions, and attachments with a signed URL for each of their files. Encoders, more round trips and more "
                 "threads took 1,100."),
    Goal("upload-1 MB", "per_cpu_s", "uploads of 1 MB a CPU second, to nginx's", least=0.5, of="nginx",
         because="2026-11-26, perf: beside what nginx does, SHA-256 takes 0.55 ms, libmagic 0.55, fsync of the file and its "
                 "directories 0.5 (a new storage makes one for nearly each upload), PostgreSQL 0.5 to 0.7 for a statement and its "
                 "commit. nginx's whole upload takes 1.8 ms, so a ratio of 0.5 leaves another 1.8 for all of this. Where the "
                 "page cache's memory costs this machine much, both cost more, and the ratio says less: one run of the day gave "
                 "0.84. The program of the 21st cost 6.2 ms."),
    Goal("upload-100 MB", "per_cpu_s", "uploads of 100 MB a CPU second, to nginx's", least=0.5, of="nginx"),
    Goal("download-100 kB", "server_cpu_us", "downloads of 100 kB, to nginx's: server CPU", most=1.5, of="nginx, sendfile off"),
    Goal("download-many", "server_cpu_us", "the same, 300 files in turn", most=2, of="nginx, sendfile off"),
    Goal("download-1 MB", "per_cpu_s", "downloads of 1 MB a CPU second, to nginx's", least=0.7,
         of="nginx, sendfile off"),
    Goal("download-100 MB", "per_cpu_s", "downloads of 100 MB a CPU second, to nginx's", least=0.7,
         of="nginx, sendfile off"),
    Goal("upload-memory", "growth_mb", "growth of the server's memory while it takes 1 GB: MB", most=32),
    *(Goal(f"object-upload-{size}", "server_cpu_us", f"uploads of {size} to an object store, to the disk's: server CPU", most=1.6,
           of="disk", subject="object store") for size in ("100 kB", "1 MB", "100 MB")),
    # As servers are set up unless told otherwise. The row without the cache stands in the table beside it.
    *(Goal(f"object-download-{size}", "server_cpu_us", f"downloads of {size} from an object store, to the disk's: server CPU",
           most=2, of="disk", subject="object store, with its cache") for size in ("100 kB", "1 MB", "100 MB")),
    Goal("object-upload-memory", "growth_mb", "growth of the server's memory while it takes 1 GB for an object store: MB", most=48,
         subject="object store"),
    Goal("thumbnails-upright", "pictures_per_cpu_s", "pictures of 12 megapixels a CPU second, to a C loop's", least=0.9,
         of="C on libvips"),
    Goal("thumbnails-turned", "pictures_per_cpu_s", "the same, stored on their side", least=0.9, of="C on libvips"),
    Goal("thumbnails-huge", "pictures_per_cpu_s", "pictures of 108 megapixels a CPU second, to vipsthumbnail's", least=0.83,
         of="vipsthumbnail, the three sizes only"),
    Goal("thumbnails-huge", "memory_mb", "memory of the worker meanwhile: MB", most=250),
    *(goal for bus, pair_us, added_us in (("PostgreSQL", 35, 8_000), ("Redis", 12, 2_000)) for goal in (
        Goal("cluster-fanout", "delivery_server_us", f"a delivery on three servers through {bus}, to one server's: servers' CPU",
             most=1.15, of="one server", subject=f"three, through {bus}",
             because="2026-12-01, perf and /proc/PID/io: most of it is writes, at one server and at three, but three make 1.6 to 1.9 "
                     "times as many. Each is done with its third of the members sooner, and so joins fewer messages in a write: "
                     "some 5 where one server joins 8 to 10. A write costs the same or a little more. Another tenth is threads that "
                     "wake for the bus and for smaller batches of PostgreSQL."),
        Goal("cluster-pairs", "beyond_us", f"a one-to-one message between two servers through {bus}, beyond one server's: "
             "servers' CPU µs", most=pair_us, subject=f"three, through {bus}",
             because="2026-12-01, perf, through PostgreSQL: the event loops cost what they cost at one server. Beside them, some 15 µs "
                     "are for events that come (half of it for reading their words), 14 for waking libpq's threads, 6 for "
                     "telling, with the message's JSON written a second time, and 5 for reading and checking frames, also a "
                     "server's own."),
        Goal("cluster-latency", "added_p50_us", f"latency to another server through {bus}, beyond the sender's own: p50 µs",
             most=added_us, subject=f"three, through {bus}"),
        Goal("cluster-connections", "beyond_kb", f"an idle connection of three servers through {bus}, beyond one server's: RSS kB",
             most=1, subject=f"three, through {bus}"))),
    Goal("failover", "back_last_ms", "people back after their server was killed, through HAProxy: the last, ms", most=2_000,
         subject="killed"),
    Goal("failover", "back_last_ms", "people back after their server froze, through HAProxy: the last, ms", most=4_000,
         subject="frozen",
         because="HAProxy waits three seconds for an answer, because `/ready` takes two where the database hangs, and asks every "
                 "half second; clients wait up to another half. That is all of the four on a quiet machine."),
    Goal("in-flight-4", "out_of_order", "4 messages in flight for each sender: out of order", most=0),
]
