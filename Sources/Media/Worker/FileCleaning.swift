internal import Crypto
internal import Glibc

/// Carries out an `EditPlan`.
enum FileCleaning {
    private static let chunkSize = 1 << 20

    /// Reads the bytes of one file. They are mapped, so memory stays flat. Foundation is not used: it makes the path absolute,
    /// and a worker may not be able to enter the directories above its own.
    static func view<Result>(_ path: String, _ body: (ByteView) throws -> Result) throws -> Result {
        let file = try OpenFile(path, O_RDONLY)
        let size = try file.size()
        guard size > 0 else { return try body(ByteView(UnsafeRawBufferPointer(start: nil, count: 0))) }
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.descriptor, 0), address != MAP_FAILED else {
            throw MediaError(errno: errno, "mmap \(path)")
        }
        defer { munmap(address, size) }
        return try body(ByteView(UnsafeRawBufferPointer(start: address, count: size)))
    }

    /// Plans the edit of one file.
    static func plan(_ path: String, by cutter: (ByteView) throws -> EditPlan) throws -> (plan: EditPlan, size: Int) {
        try view(path) { (try cutter($0), $0.count) }
    }

    /// Writes the file that `plan` makes from `source`, and describes it.
    static func write(_ plan: EditPlan, from source: String, to destination: String) throws -> ProcessedMedia.Cleaned {
        let input = try OpenFile(source, O_RDONLY)
        let output = try OpenFile(destination, O_WRONLY | O_CREAT | O_TRUNC)
        var (hash, written) = (SHA256(), 0)
        func emit(_ bytes: [UInt8]) throws {
            try bytes.withUnsafeBytes {
                try output.write($0, at: written)
                hash.update(bufferPointer: $0)
            }
            written += bytes.count
        }
        for piece in plan.pieces {
            switch piece {
            case .literal(let bytes): try emit(bytes)
            case .zeros(let count): try inChunks(0..<count) { try emit([UInt8](repeating: 0, count: $0.count)) }
            case .copy(let range):
                try inChunks(range) { try emit(try input.read(count: $0.count, at: $0.lowerBound)) }
            }
        }
        return ProcessedMedia.Cleaned(size: written, sha256: BlobID(hash.finalize()))
    }

    private static func inChunks(_ range: Range<Int>, _ body: (Range<Int>) throws -> Void) rethrows {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: chunkSize) {
            try body(start..<min(start + chunkSize, range.upperBound))
        }
    }
}
