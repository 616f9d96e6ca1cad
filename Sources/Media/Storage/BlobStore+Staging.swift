internal import Glibc

/// A file that is ready to be kept elsewhere.
public struct StagedFile: Sendable {
    public let variant: BlobVariant
    /// If it is known.
    public let sha256: BlobID?
    public let reader: BlobReader
}

/// What was made of received files, while it is still in its temporary place.
extension BlobStore {
    public func staged(_ file: ReceivedFile, _ media: ProcessedMedia) async throws -> [StagedFile] {
        try await blocking { [self] in
            let served: BlobVariant = media.audience == .everyone ? .served : .ownerOnly
            var files = try media.thumbnails.map { try staged(file, as: .thumbnail($0.size), suffix: nil, sha256: nil) }
            if let cleaned = media.cleaned {
                files.append(try staged(file, as: served, suffix: Self.cleanedSuffix, sha256: cleaned.sha256))
            } else {
                files.append(try staged(file, as: served, suffix: "", sha256: file.sha256))
            }
            return files
        }
    }

    /// The copy that a worker made of a borrowed file.
    public func stagedCopy(of file: ReceivedFile, as variant: BlobVariant) async throws -> StagedFile {
        try await blocking { [self] in
            do {
                return try staged(file, as: variant, suffix: Self.cleanedSuffix, sha256: nil)
            } catch let error as MediaError where error.code == .notFound {
                // The sweep takes a borrowed file for an old one.
                throw MediaError(.busy, "\(temporaryPath(file.name)) was swept up")
            }
        }
    }

    /// - Parameter suffix: nil: that of the variant.
    private func staged(
        _ file: ReceivedFile, as variant: BlobVariant, suffix: String?, sha256: BlobID?
    ) throws -> StagedFile {
        let path = temporaryPath(file.name, suffix ?? variant.suffix)
        return StagedFile(
            variant: variant, sha256: sha256, reader: try BlobReader(file: OpenFile(path, O_RDONLY), threads: threads))
    }
}
