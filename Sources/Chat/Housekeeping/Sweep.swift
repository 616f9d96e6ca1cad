import ChatStore
import Foundation
import Logging
import Media
import ObjectStorage

/// Removes what nobody needs: uploads that were never sent, files of messages that their senders deleted, abandoned
/// uploads, and sessions that ended long ago.
public struct Sweep: Sendable {
    let uploads: Uploads
    let orphans: OrphanStore
    let partials: PartialUploadStore
    let pieces: UploadPieceStore
    let sessions: SessionStore
    let marks: MarkStore
    let limits: SharedLimitStore
    let jobs: Jobs
    let logger: Logger

    private static let job = Jobs.Job(name: "sweep", period: .seconds(3600), lease: .seconds(120))
    /// How often a server looks whether it is its turn.
    private static let pause: Duration = .seconds(60)
    /// How many rows are handled at a time.
    private static let batch = 200
    /// After this many seconds without a byte, a temporary file is abandoned.
    private static let abandonedAfter: TimeInterval = 3600

    init(stores: Stores, uploads: Uploads, jobs: Jobs, logger: Logger) {
        self.jobs = jobs
        self.uploads = uploads
        orphans = stores.orphans
        partials = stores.partialUploads
        pieces = stores.uploadPieces
        sessions = stores.sessions
        marks = stores.marks
        limits = stores.limits
        self.logger = logger
    }

    /// Called before the first upload. Then no temporary file is in use, except those of unfinished uploads.
    /// - Parameter isAlone: Whether no other server has its files on the same file system. Theirs are in use.
    public func prepare(isAlone: Bool) async throws {
        guard isAlone else {
            try await uploads.storage.blobs.removeLeftovers(olderThan: Self.abandonedAfter)
            return try await removeTemporaries(olderThan: Self.abandonedAfter)
        }
        try await uploads.storage.blobs.removeLeftovers()
        try await removeTemporaries(olderThan: 0)
    }

    /// Sweeps every hour, until the task is cancelled: this server's own files, and what all servers share if it is this
    /// one's turn.
    public func run() async {
        var nextOwn = ContinuousClock.now
        while !Task.isCancelled {
            if .now >= nextOwn {
                nextOwn = .now + Self.job.period
                await sweepOwn()
            }
            do {
                try await jobs.attempt(Self.job) { await sweepShared() }
            } catch {
                logger.debug("the next sweep waits for the database", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// The files that this server received.
    func sweepOwn() async {
        await attempt("unfinished uploads") {
            try await uploads.storage.blobs.removeLeftovers(olderThan: Self.abandonedAfter)
            try await removeTemporaries(olderThan: Self.abandonedAfter)
        }
        await attempt("old files of the cache") { try await uploads.storage.contents.objects?.forgetOld() }
    }

    /// Whatever fails is tried again an hour later.
    func sweepShared() async {
        await attempt("uploads never attached") {
            try await remove(orphans.unattached) { orphan in
                guard case .deleted(wasLast: true) = try await uploads.store.delete(orphan.id, owner: orphan.owner)
                else { return false }
                return true
            }
        }
        await attempt("uploads of deleted messages") { try await remove(orphans.withdrawn, by: orphans.retire) }
        await attempt("expired uploads") {
            try await partials.forgetExpired()
            try await pieces.dropEnded()
            uploads.dropped.look()
        }
        await attempt("pieces of unfinished uploads") { try await removeLostPieces() }
        await attempt("ended sessions") { try await sessions.forgetEnded() }
        await attempt("limits of which nothing is spent") { try await limits.forgetFull() }
        await attempt("memberships of closed accounts") { try await marks.settleClosed() }
    }

    private func attempt(_ what: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch is CancellationError {
            return
        } catch {
            logger.warning("a sweep failed", metadata: ["of": "\(what)", "error": "\(error)"])
        }
    }

    /// - Parameter removal: Returns whether it removed the last reference to the content.
    private func remove(
        _ list: (Int) async throws -> [OrphanStore.Orphan],
        by removal: @escaping @Sendable (OrphanStore.Orphan) async throws -> Bool
    ) async throws {
        while true {
            let found = try await list(Self.batch)
            for orphan in found {
                guard let address = BlobID(hex: orphan.sha256) else { continue }
                try await uploads.withContent(address) { try await removal(orphan) }
            }
            if !found.isEmpty {
                logger.info("uploads nobody needs were removed", metadata: ["count": "\(found.count)"])
            }
            guard found.count == Self.batch else { return }
        }
    }

    /// The files are listed first, so that an upload that begins meanwhile is in neither list.
    private func removeTemporaries(olderThan age: TimeInterval) async throws {
        let horizon = Date(timeIntervalSinceNow: -age)
        let files = try await uploads.storage.blobs.temporaries().filter { $0.modified <= horizon }
        let live = try await partials.live()
        for file in files where !live.contains(file.name) { try await uploads.storage.blobs.discard(file.name) }
    }

    /// Objects whose server died before it had noted them.
    private func removeLostPieces() async throws {
        guard let objects = uploads.storage.contents.objects else { return }
        let horizon = Date(timeIntervalSinceNow: -24 * Self.abandonedAfter)
        var next: String?
        repeat {
            let page = try await objects.pieces(after: next)
            let old = page.objects.filter { $0.modified < horizon }.map(\.key)
            if !old.isEmpty {
                let known = try await pieces.known(old)
                for key in old where !known.contains(key) { try await objects.delete(key: key) }
            }
            next = page.next
        } while next != nil
    }
}
