public import ChatModel
import ChatStore
import Foundation

extension ResumableUploads {
    /// Makes one upload of finished parts, in their order. The parts are used up.
    ///
    /// A client that did not hear the answer may repeat the request: it gets the same upload.
    /// - Parameters:
    ///   - parts: Uploads that were begun as parts.
    ///   - concat: What the client said; `status` repeats it.
    /// - Throws: `not_found` if a part is not there, is no part or somebody else's, `conflict` if bytes of it are missing,
    ///   `upload_offset_mismatch` while somebody writes to one, `too_large`, and whatever ends an upload otherwise.
    public func concatenate(
        _ parts: [UploadID], concat: String, name: String, metadata: String?, uploader: Uploader
    ) async throws -> Progress {
        let owner = uploader.user
        // The rows of the parts already count against the quota.
        let place = try uploads.underWay.enter(uploader, bytes: 0)
        defer { uploads.underWay.leave(place) }
        if let known = try await store.find(concatenatedBy: concat, owner: owner) {
            return try await status(of: known, owner: owner)
        }
        guard Set(parts).count == parts.count, (1...PartialUploadStore.maxEach).contains(parts.count) else {
            throw ChatError(
                .malformedRequest, "Upload-Concat: 1 to \(PartialUploadStore.maxEach) uploads, each of them once")
        }
        let id = UploadID.make()
        try await whileNobodyWrites(to: parts, of: owner) {
            let length = try await length(of: parts, of: owner)
            guard length <= uploads.maxBytes else { throw uploads.tooLarge }
            let beginning = PartialUploadStore.Beginning(
                name: FileName.cleaned(name), metadata: metadata, length: length, concat: concat)
            guard try await store.concatenate(parts, to: id, owner: owner, beginning) != nil else {
                throw Self.missingPart
            }
        }
        return try await status(of: id, owner: owner)
    }

    private static let missingPart = ChatError.notFound("a partial upload")

    private func whileNobodyWrites(
        to parts: [UploadID], of owner: UserID, _ body: () async throws -> Void
    ) async throws {
        var begun: [PieceWriters.Key] = []
        defer { for key in begun { writers.end(key) } }
        for part in parts {
            let key = PieceWriters.Key(upload: part, owner: owner)
            _ = try writers.begin(key)
            begun.append(key)
        }
        try await body()
    }

    /// The bytes of all parts together, which have all come.
    private func length(of parts: [UploadID], of owner: UserID) async throws -> Int {
        var length = 0
        for id in parts {
            guard let part = try await find(id, owner), part.isPart else { throw Self.missingPart }
            guard !part.isDeferred, try await offset(of: part) == part.length else {
                throw ChatError(.conflict, "the partial upload \(id) is not finished")
            }
            length += part.length
        }
        return length
    }
}
