import ChatModel
import ChatStore
import Media

/// Keeping files in an object store.
extension Uploads {
    /// A received file, what the workers made of it, and what was stored of the same content before that.
    struct Processed {
        let file: ReceivedFile
        let media: ProcessedMedia
        let stored: UploadStore.StoredFiles?
    }

    /// Puts the files, and stores the row.
    ///
    /// Everything is put, even if somebody else has the same content: nobody learns from the time what others keep here. The
    /// database decides which of the two keys stays, and the other one's objects go.
    /// - Parameter isFinishing: Whether it was an unfinished upload.
    func keep(
        _ processed: Processed, in objects: ObjectContents, as id: UploadID, name: String, owner: UserID,
        finishing isFinishing: Bool
    ) async throws -> Upload {
        let (file, media) = (processed.file, processed.media)
        let (place, key) = objects.newPlace(file.sha256)
        try await dropped.announce([key])
        try await storing { try await objects.put(file, media, at: place) }
        do {
            let blob = Blob(file, media)
            let damaged = try await damaged(processed, place, blob)
            let upload = try await insertOrPlainly(blob) { blob in
                try await store.insert(
                    id, owner: owner, name: name, blob: blob, at: key, finishing: isFinishing, replacing: damaged)
            }
            lookup.forget()
            // After the answer, so that its time tells nothing.
            dropped.look()
            return upload
        } catch {
            // If the row exists after all, it has taken the key.
            await dropped.giveUp([key])
            throw error
        }
    }

    /// What was stored before, if its file is lost or cut. One look at the store, whether there was something or not.
    private func damaged(
        _ processed: Processed, _ place: ContentPlace, _ blob: Blob
    ) async throws -> UploadStore.StoredFiles? {
        try await storing {
            if let stored = processed.stored {
                return try await isWhole(processed.file.sha256, stored) ? nil : stored
            }
            let variant: BlobVariant = blob.ownerOnly ? .ownerOnly : .served
            guard try await storage.contents.size(of: place, variant) == blob.servedSize else {
                throw MediaError(.io, "\(place.id): the object store has kept another number of bytes than it was sent")
            }
            return nil
        }
    }
}
