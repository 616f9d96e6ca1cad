public import ChatModel
import ChatStore
public import Media
public import NIOCore

extension Uploads {
    public func find(_ id: UploadID, for user: UserID) async throws -> Upload {
        try await visible(id, to: user).upload
    }

    /// What opens a file: the token of its URL, or a user who may see it.
    public enum Key: Sendable {
        case token(String)
        case user(UserID)
    }

    /// A file ready to be served.
    public struct Opened: Sendable {
        public var upload: Upload
        let uploads: Uploads
        let reader: ContentReader
        /// The MIME type of the served file.
        public var type: String
        /// The encoding of a text; nil for other files.
        public var charset: String?
        /// False for a picture that could not be cleaned or decoded. A browser should not try it either.
        public var isShowable = true
        /// A strong validator (RFC 9110, section 8.8.3), without quotes.
        public var etag: String
        /// For how many more seconds the URL works; nil when a user opened the file.
        public var validFor: Int?
        /// Makes an address in the object store, to which whoever asks is sent; nil where this server sends the bytes.
        public var redirect: Redirect?

        /// In bytes.
        public var size: Int { reader.size }

        /// All bytes of a range, of at most `BlobReader.wholeSize`.
        public func bytes(_ range: Range<Int>) async throws -> ByteBuffer {
            try await uploads.storing { try await reader.bytes(range) }
        }

        /// Begins to send a range. What fails here can still be said.
        public func begin(_ range: Range<Int>) async throws -> ContentBody {
            try await uploads.storing { try await reader.begin(range) }
        }
    }

    /// - Parameters:
    ///   - seconds: How long the address is to work.
    ///   - fields: The header fields with which the store is to answer.
    public typealias Redirect = @Sendable (_ seconds: Int, _ fields: [(name: String, value: String)]) -> String?

    /// - Throws: `unauthenticated` or `token_expired` for a bad token, `not_found` also for an upload that the user may not
    ///   see, `gone` once all messages that carried it were deleted.
    public func open(_ id: UploadID, _ variant: Variant, with key: Key) async throws -> Opened {
        let found: UploadStore.Found
        var validFor: Int?
        switch key {
        case .user(let user):
            found = try await visible(id, to: user)
        case .token(let token):
            switch links.verify(token, for: id) {
            case .forged: throw Self.forged
            case .expired: throw Self.expired
            case .valid(let seconds, nil):
                validFor = seconds
                found = try await lookup(.init(upload: id, conversation: nil))
            case .valid(let seconds, let showing?):
                found = try await lookup(.init(upload: id, conversation: showing.conversation))
                guard let validity = found.epochs?.validity(of: showing.epoch) else { throw Self.expired }
                validFor = min(seconds, validity)
            }
        }
        return try await open(found, variant, validFor: validFor)
    }

    static let forged = ChatError(.unauthenticated, "this URL's token is not valid")
    static let expired = ChatError(.tokenExpired, "this URL has expired; ask for the upload again")

    public enum Variant: Sendable, Equatable {
        case file
        case thumbnail(String)
        /// The picture as JPEG, for HEIC, AVIF and TIFF.
        case jpeg
    }

    private func open(_ found: UploadStore.Found, _ variant: Variant, validFor: Int?) async throws -> Opened {
        switch variant {
        case .file:
            return Opened(
                upload: found.upload, uploads: self, reader: try await openServed(found), type: found.upload.type,
                charset: found.charset,
                isShowable: !found.ownerOnly && !(found.upload.kind == .file && found.upload.type.hasPrefix("image/")),
                etag: found.servedSHA256, validFor: validFor,
                redirect: redirect(found, found.ownerOnly ? .ownerOnly : .served))
        case .jpeg:
            let reader = try await openJPEG(found)
            var upload = found.upload
            upload.name = FileName.cleaned(upload.name, ending: ".jpg")
            return Opened(
                upload: upload, uploads: self, reader: reader, type: "image/jpeg", etag: "\(found.servedSHA256)-jpeg",
                validFor: validFor, redirect: redirect(found, .jpeg))
        case .thumbnail(let name):
            guard found.upload.thumbnails.contains(where: { $0.size == name }), let size = ThumbnailSize(rawValue: name)
            else { throw ChatError.notFound("thumbnail") }
            let reader = try await storing {
                let reader = try await storage.contents.open(try place(found), .thumbnail(size))
                guard reader.size > 0 else { throw damaged(found, reader) }
                return reader
            }
            return Opened(
                upload: found.upload, uploads: self, reader: reader, type: "image/webp",
                etag: "\(found.upload.sha256)-\(name)",
                validFor: validFor, redirect: redirect(found, .thumbnail(size)))
        }
    }

    /// The bytes that are served of a file, also if they have moved from the disk since its row was read: the files of an
    /// archive are opened one after another.
    func openServed(_ found: UploadStore.Found) async throws -> ContentReader {
        try await storing {
            do {
                return try await openInPlace(found)
            } catch let error as MediaError where error.code == .notFound && storage.contents.objects != nil {
                let key = UploadStore.Key(upload: found.upload.id)
                guard case .success(let now)? = try await store.find([key], viewer: nil)[key], !now.gone,
                    now.objectKey != found.objectKey, now.servedSHA256 == found.servedSHA256
                else { throw error }
                return try await openInPlace(now)
            }
        }
    }

    private func openInPlace(_ found: UploadStore.Found) async throws -> ContentReader {
        let reader = try await storage.contents.open(
            try place(found), found.ownerOnly ? .ownerOnly : .served, size: found.servedSize)
        guard reader.size == found.servedSize else { throw damaged(found, reader) }
        return reader
    }

    /// Where the files of an upload are.
    func place(_ found: UploadStore.Found) throws -> ContentPlace {
        guard let id = BlobID(hex: found.upload.sha256), let place = ContentPlace(id, key: found.objectKey) else {
            throw ChatError.notFound("upload")
        }
        return place
    }

    private func redirect(_ found: UploadStore.Found, _ variant: BlobVariant) -> Redirect? {
        guard storage.redirects, found.objectKey != nil, let objects = storage.contents.objects,
            let place = try? place(found)
        else { return nil }
        return { objects.address(of: place, variant, seconds: $0, answering: $1) }
    }

    /// A damaged file must not be served as if it were whole.
    private func damaged(_ found: UploadStore.Found, _ reader: ContentReader) -> MediaError {
        MediaError(.io, "\(found.upload.sha256): a stored file has become \(reader.size) bytes long")
    }

    func visible(_ id: UploadID, to user: UserID) async throws -> UploadStore.Found {
        guard let found = try await store.find(id, viewer: user) else { throw ChatError.notFound("upload") }
        if found.gone, found.visible { throw UploadStore.gone }
        guard found.visible, !found.ownerOnly || found.upload.ownerId == user else {
            throw ChatError.notFound("upload")
        }
        return found
    }
}
