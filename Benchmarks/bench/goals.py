"""What the figures are to be: the one place for it."""

import typing


class Goal(typing.NamedTuple):
    scenario: str
    metric: str
    what: str
    # What a profile says of a miss, with its date: shown only while the goal is missed.
    because: str = ""
    # One of them.
    most: float = None
    least: float = None
    # The figure is the ratio to this subject's.
    of: str = None
    subject: str = "parley"

    def is_met(self, value):
        return value <= self.most if self.most is not None else value >= self.least


GOALS = [
    Goal("fanout", "delivery_server_us", "a delivery, 20 messages in flight to 1,000: server CPU µs", most=1.5),
    Goal("fanout-rate", "delivery_server_us", "a delivery, 10 messages a second to 1,000: server CPU µs", most=11),
    Goal("connections", "connection_rss_kb", "an idle connection of 10,000: RSS kB", most=5),
    Goal("connections", "connect_server_us", "a connect, token check and room joins included: server CPU µs", most=150),
    Goal("pairs", "message_us", "a message in 512 one-to-one chats: server + PostgreSQL CPU µs", most=100),
    Goal("ack-64", "message_us", "an acknowledged message, 64 senders: server + PostgreSQL CPU µs", most=100),
    Goal("ack-1", "over_commit_us", "an acknowledgement, one sender: µs over one commit, p50", most=150),
    Goal("reading-history", "per_cpu_s", "pages of 50 messages of a million: a second of server CPU", least=6_000,
         subject="1,000,000"),
    Goal("upload-1 MB", "per_cpu_s", "uploads of 1 MB a CPU second, to nginx's", least=0.5, of="nginx"),
    Goal("upload-100 MB", "per_cpu_s", "uploads of 100 MB a CPU second, to nginx's", least=0.5, of="nginx"),
    Goal("download-1 MB", "per_cpu_s", "downloads of 1 MB a CPU second, to nginx's", least=0.7,
         of="nginx, sendfile off"),
    Goal("download-100 MB", "per_cpu_s", "downloads of 100 MB a CPU second, to nginx's", least=0.7,
         of="nginx, sendfile off"),
    Goal("upload-memory", "growth_mb", "what the server's memory grows by while it takes 1 GB: MB", most=32),
    Goal("thumbnails-upright", "pictures_per_cpu_s", "pictures of 12 megapixels a CPU second, to a C loop's", least=0.9,
         of="C on libvips"),
    Goal("thumbnails-turned", "pictures_per_cpu_s", "the same, lying on their side", least=0.9, of="C on libvips"),
    Goal("in-flight-4", "out_of_order", "4 messages in flight for each sender: out of order", most=0),
]
