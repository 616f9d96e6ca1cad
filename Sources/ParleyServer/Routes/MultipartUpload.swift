import Chat
import ChatModel
import NIOCore

/// The files of one form as they arrive. All are kept or none: when something goes wrong, the files that were finished
/// already are deleted again.
struct MultipartUpload {
    private var parser: MultipartParser
    /// Of the whole form, if its sender says it.
    let length: Int?
    let uploads: Uploads
    let uploader: Uploader

    private var current: IncomingUpload?
    /// Whether the current file has no name: a browser sends that for an input without a file.
    private var isUnnamed = false
    private var finished: [Upload] = []
    /// Bytes of the parts without a file, which nobody reads.
    private var fieldBytes = 0
    private static let maxFieldBytes = 64 * 1024

    init(boundary: String, length: Int?, uploads: Uploads, uploader: Uploader) {
        parser = MultipartParser(boundary: boundary)
        self.length = length
        self.uploads = uploads
        self.uploader = uploader
    }

    mutating func receive(_ buffer: ByteBuffer) async throws {
        do {
            for event in try parser.feed(buffer) { try await handle(event) }
        } catch let error as MultipartParser.Malformed {
            throw ChatError(.malformedRequest, error.detail)
        }
    }

    private mutating func handle(_ event: MultipartParser.Event) async throws {
        switch event {
        case .began(let fields):
            guard let name = ContentDisposition(fields["content-disposition"] ?? "").fileName else { return }
            isUnnamed = name.isEmpty
            current = try await uploads.begin(name, length: nil, bound: length, uploader: uploader)
        case .bytes(let bytes):
            if let current {
                try await uploads.append(bytes, to: current)
            } else {
                fieldBytes += bytes.readableBytes
                guard fieldBytes <= Self.maxFieldBytes else {
                    throw ChatError(.tooLarge, "a part without a file name holds too much")
                }
            }
        case .ended:
            guard let incoming = current else { return }
            current = nil
            if isUnnamed, await incoming.isEmpty { return await uploads.abandon(incoming) }
            finished.append(try await uploads.finish(incoming))
        case .finished:
            return
        }
    }

    mutating func finish() async throws -> [Upload] {
        do {
            try parser.finish()
        } catch {
            throw ChatError(.malformedRequest, error.detail)
        }
        guard !finished.isEmpty else { throw ChatError.invalid("file", "no part of the form is a file") }
        return finished
    }

    func abandon() async {
        if let current { await uploads.abandon(current) }
        for upload in finished { try? await uploads.delete(upload.id, by: uploader.user) }
    }
}
