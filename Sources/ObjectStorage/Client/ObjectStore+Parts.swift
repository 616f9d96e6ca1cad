internal import NIOCore
internal import NIOHTTP1

/// Large objects are stored in parts, which S3 puts together at the end.
extension ObjectStore {
    /// S3 takes no more.
    private static let maxParts = 10_000

    func putInParts(_ key: String, _ source: ObjectSource) async throws {
        let (upload, isRepeated) = try await begin(key)
        do {
            let size = max(Self.partSize, (source.size + Self.maxParts - 1) / Self.maxParts)
            var tags: [String] = []
            for start in stride(from: 0, to: source.size, by: size) {
                let part = source.part(start..<min(start + size, source.size))
                tags.append(try await put(part, number: tags.count + 1, of: upload, key))
            }
            try await complete(upload, key, tags, size: source.size)
            if isRepeated { await abortOthers(key) }
        } catch {
            // Also when the caller was cancelled. What is not given up costs the store's room.
            await Task {
                try? await abort(upload, key)
                if isRepeated { await abortOthers(key) }
            }.value
            throw error
        }
    }

    /// - Returns: The upload, and whether the store may have begun others.
    private func begin(_ key: String) async throws -> (upload: String, isRepeated: Bool) {
        var request = ObjectRequest(.POST, key: key, maxBytes: ObjectRequest.maxErrorBytes)
        request.query = [("uploads", "")]
        // An upload whose answer got lost is given up with the others at the end.
        let answer = try await perform(request)
        guard let upload = (try? XMLElement.parse(answer.bytes.readableBytesView))?["UploadId"], !upload.isEmpty else {
            throw ObjectStoreError(.malformed, "\(key): the store began no upload in parts")
        }
        return (upload, answer.isRepeated)
    }

    private func put(_ part: ObjectSource, number: Int, of upload: String, _ key: String) async throws -> String {
        var request = ObjectRequest(
            .PUT, key: key, source: part, payloadHash: SignableRequest.unsignedPayload)
        request.query = [("partNumber", String(number)), ("uploadId", upload)]
        guard let tag = try await perform(request).headers.first(name: "etag") else {
            throw ObjectStoreError(.malformed, "\(key): the store gave part \(number) no tag")
        }
        return tag
    }

    private func complete(_ upload: String, _ key: String, _ tags: [String], size: Int) async throws {
        let parts = tags.enumerated().map { index, tag in
            let tag = tag.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
            return "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(tag)</ETag></Part>"
        }
        let body = ByteBuffer(
            string: "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                + parts.joined() + "</CompleteMultipartUpload>")
        var request = ObjectRequest(
            .POST, key: key, source: ObjectSource(body), payloadHash: RequestSignature.hash(body.readableBytesView),
            maxBytes: ObjectRequest.maxErrorBytes)
        request.query = [("uploadId", upload)]
        request.headers = [("content-type", "application/xml")]
        do {
            let answer = try await perform(request)
            // An error may come after the head of a good answer.
            let element = try? XMLElement.parse(answer.bytes.readableBytesView)
            guard element?.name == "CompleteMultipartUploadResult" else {
                throw ObjectStoreError(.unavailable, "\(key): \(element?["Code"] ?? "the parts were not put together")")
            }
        } catch let error as ObjectStoreError where error.code == .notFound {
            // It was completed by a request whose answer was lost.
            guard try await self.size(of: key) == size else { throw error }
        }
    }

    /// Gives up what a repeated request began more than once. Nobody else uses the key. What fails here, or may not be listed,
    /// is left to the bucket's lifecycle rule.
    private func abortOthers(_ key: String) async {
        var request = ObjectRequest(.GET, key: "", maxBytes: Self.maxListBytes)
        request.query = [("uploads", ""), ("prefix", key)]
        request.isOptional = true
        guard let answer = try? await perform(request),
            let list = try? XMLElement.parse(answer.bytes.readableBytesView)
        else { return }
        for upload in list.all("Upload") where upload["Key"] == key {
            if let id = upload["UploadId"] { try? await abort(id, key) }
        }
    }

    private func abort(_ upload: String, _ key: String) async throws {
        var request = ObjectRequest(.DELETE, key: key)
        request.query = [("uploadId", upload)]
        _ = try await perform(request)
    }
}
