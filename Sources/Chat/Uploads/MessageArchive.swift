import ChatModel
import ChatStore
import Crypto
import Foundation
import Media
public import NIOCore

/// A message's files as one zip archive, made as it is sent. At most one of its files is open.
public struct MessageArchive: Sendable {
    let uploads: Uploads
    let files: [UploadStore.Found]
    private let layout: ZipLayout
    /// A strong validator (RFC 9110, section 8.8.3), without quotes. Equal files make an equal archive.
    public let etag: String

    init(uploads: Uploads, files: [UploadStore.Found]) {
        self.uploads = uploads
        self.files = files
        let names = FileName.distinct(files.map(\.upload.name))
        layout = ZipLayout(
            zip(files, names).map { file, name in
                ZipLayout.Entry(name: name, size: file.servedSize, modified: file.upload.createdAt)
            })
        var hash = SHA256()
        for (file, entry) in zip(files, layout.entries) {
            hash.update(data: Data("\(file.servedSHA256) \(entry.modified.timeIntervalSince1970) \(entry.name)\n".utf8))
        }
        etag = hash.finalize().map { String(format: "%02x", $0) }.joined()
    }

    /// In bytes.
    public var size: Int { layout.size }

    /// Passes the bytes of `range` to `send`, in chunks, each after the one before was taken.
    /// - Throws: Also when a file was removed meanwhile: the archive is cut short then.
    public func write(_ range: Range<Int>, send: (ByteBuffer) async throws -> Void) async throws {
        for index in files.indices where range.overlaps(fileRange(index)) { try await writeFile(index, range, send) }
        guard range.overlaps(layout.directoryRange) else { return }
        var checksums: [UInt32] = []
        for index in files.indices { checksums.append(try await checksum(index)) }
        try await writePart(layout.directory(checksums), at: layout.directoryRange, of: range, send)
    }

    private func fileRange(_ index: Int) -> Range<Int> {
        layout.headerRange(index).lowerBound..<layout.contentRange(index).upperBound
    }

    private func writeFile(
        _ index: Int, _ range: Range<Int>, _ send: (ByteBuffer) async throws -> Void
    ) async throws {
        let reader = try await open(index)
        if range.overlaps(layout.headerRange(index)) {
            let header = layout.header(index, crc32: try await checksum(index, reader))
            try await writePart(header, at: layout.headerRange(index), of: range, send)
        }
        let content = layout.contentRange(index)
        let wanted = range.clamped(to: content)
        let bytes = wanted.lowerBound - content.lowerBound..<wanted.upperBound - content.lowerBound
        try await uploads.storing { try await reader.begin(bytes) }.write(send)
    }

    /// Sends those bytes of a header at `place` that are in `range`.
    private func writePart(
        _ bytes: [UInt8], at place: Range<Int>, of range: Range<Int>, _ send: (ByteBuffer) async throws -> Void
    ) async throws {
        let wanted = range.clamped(to: place)
        let part = bytes[wanted.lowerBound - place.lowerBound..<wanted.upperBound - place.lowerBound]
        try await send(ByteBuffer(bytes: part))
    }

    private func checksum(_ index: Int, _ reader: ContentReader? = nil) async throws -> UInt32 {
        try await uploads.checksums(files[index].servedSHA256) {
            let reader = if let reader { reader } else { try await open(index) }
            return try await uploads.storing { try await reader.crc32() }
        }
    }

    private func open(_ index: Int) async throws -> ContentReader { try await uploads.openServed(files[index]) }
}
