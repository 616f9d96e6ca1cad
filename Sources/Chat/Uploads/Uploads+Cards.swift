import ChatModel
import Foundation
import Media
import NIOCore

/// What is fetched for the cards of links.
extension Uploads {
    /// What a page says of itself; nil if nothing. A worker reads it.
    func readPage(_ bytes: [UInt8], charset: String?, for user: UserID) async throws -> PageFacts? {
        guard !bytes.isEmpty else { return nil }
        let writer = storage.blobs.makeWriter(UUID(), maxBytes: bytes.count)
        let file: ReceivedFile
        do {
            try await writer.write(ByteBuffer(bytes: bytes))
            file = try await writer.finish()
        } catch {
            await writer.abort()
            throw error
        }
        do {
            let facts = try await storage.workers.readPage(file, charset: charset, for: user.uuid)
            try await storage.blobs.discard(file)
            return facts
        } catch {
            try? await storage.blobs.discard(file)
            throw error
        }
    }

    /// Keeps a card's picture as an upload of the message's sender: it takes the same way as any, and counts as theirs.
    /// - Returns: Nil for what is no picture that everybody may see.
    func keepPicture(_ bytes: [UInt8], for user: UserID) async throws -> Upload? {
        guard !bytes.isEmpty else { return nil }
        let incoming = try await begin("card", length: bytes.count, uploader: Uploader(user: user, address: []))
        do {
            try await append(ByteBuffer(bytes: bytes), to: incoming)
        } catch {
            await abandon(incoming)
            throw error
        }
        let upload = try await finish(incoming)
        if upload.kind == .image, !upload.isOwnerOnly, LinkCard.Picture(upload) != nil { return upload }
        try await delete(upload.id, by: user)
        return nil
    }
}
