public import ChatModel
import Media
public import ObjectStorage

/// What the domain counts of its own work since the start.
public struct ChatMetrics: Sendable {
    let writer: MessageWriter
    let uploads: Uploads
    let workers: MediaWorkers
    let cards: LinkCards.Metrics
    let missedCards: Counter

    var stored: Counter { writer.metrics.messages }

    /// Messages that were stored.
    public var messages: Int { stored.value }
    /// Messages in one commit.
    public var batchSizes: Histogram { writer.metrics.batchSizes }
    /// Seconds that a batch's transaction took.
    public var commitSeconds: Histogram { writer.metrics.commitSeconds }
    /// Messages that wait for a commit.
    public var queuedMessages: Int { writer.queued }
    /// Bytes of files that were received whole.
    public var uploadBytes: Int { uploads.receivedBytes.value }
    /// What is known of the object store; nil where files are on the disk.
    public var objectStore: ObjectStore.Health? { uploads.storage.contents.objects?.objects.status }
    /// Cards of links that were made.
    public var linkCards: Int { cards.made.value }
    /// Links whose pages could not be had, or say nothing of themselves.
    public var linksWithoutCard: Int { cards.none.value }
    /// Links that got no card because too many others waited.
    public var missedLinkCards: Int { missedCards.value }
    /// Media workers that died at work, and that another will be started for.
    public var workerFailures: Int { workers.failures }
}
