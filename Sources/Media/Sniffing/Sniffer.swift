internal import CMagic
internal import Synchronization

/// Says what bytes are, by libmagic, whatever their name. Formats that say where they were made are known by rules of our
/// own where libmagic's are too few: a type that nobody knows is served as it is.
public enum Sniffer {
    /// How many of a file's first bytes are looked at.
    public static let headSize = 64 * 1024

    /// What bytes are that nothing else is known of.
    public static let unknown = "application/octet-stream"

    /// The MIME type, without parameters. Takes up to some milliseconds: not for an event loop.
    public static func type(of head: [UInt8]) throws -> String {
        // libmagic has an answer of its own for nothing: "application/x-empty".
        if head.isEmpty { return unknown }
        if let type = head.withUnsafeBytes({ ISOFileType.type(of: ByteView($0)) }) { return type }
        let handle = try idle.withLock { $0.popLast() } ?? MagicHandle()
        defer { idle.withLock { $0.append(handle) } }
        guard let name = handle.type(of: head), isWellFormed(name), name != unknown else {
            return head.withUnsafeBytes { typeUnknownToLibmagic(ByteView($0)) }
        }
        return name
    }

    /// Opens libmagic's database for `count` threads at once. Before anything is served: later there may be no descriptor
    /// for it.
    /// - Throws: `unavailable` where it cannot be read.
    public static func prepare(threads count: Int) throws {
        let handles = try (0..<count).map { _ in try MagicHandle() }
        idle.withLock { $0 += handles }
    }

    // A handle is not for two threads at once, and takes 0.1 ms to make.
    private static let idle = Mutex<[MagicHandle]>([])

    private static func typeUnknownToLibmagic(_ head: ByteView) -> String {
        if head.has("IIU\0", at: 0) { return "image/x-panasonic-rw2" }
        if head.has("\0MRM", at: 0) { return "image/x-minolta-mrw" }
        if head.has("caff\0\u{1}", at: 0) { return "audio/x-caf" }
        if isTransportStream(head) { return "video/mp2t" }
        // libmagic looks for the sound behind the tag, which may be longer than the head: a cover picture is in it.
        if isID3(head) { return "audio/mpeg" }
        return unknown
    }

    /// MPEG's transport stream (ISO/IEC 13818-1, 2.4.3.2): packets of 188 bytes that begin with one of synchronization; in
    /// Blu-ray's and AVCHD's files each has four bytes before it. libmagic knows those that begin with a certain table.
    private static func isTransportStream(_ head: ByteView) -> Bool {
        [(0, 188), (4, 192)].contains { start, length in
            (0..<5).allSatisfy { head.has("G", at: start + $0 * length) }
        }
    }

    /// The header of an ID3v2 tag (id3.org, "ID3 tag version 2.4.0", section 3.1).
    private static func isID3(_ head: ByteView) -> Bool {
        guard head.has("ID3", at: 0), let version = try? head.byte(3), let size = try? head.slice(6, 4) else {
            return false
        }
        return version < 0xFF && size.allSatisfy { $0 < 0x80 }
    }

    /// libmagic's rules answer with words that are no MIME type now and then; these never get into a header.
    private static func isWellFormed(_ type: String) -> Bool {
        let parts = type.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { isLetterOrDigit($0) || "!#$&-^_.+".utf8.contains($0) }
            }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
    }
}

// Unchecked: whoever uses a handle has taken it from the idle ones, so that one thread does at a time.
private final class MagicHandle: @unchecked Sendable {
    private let cookie: magic_t

    init() throws {
        let flags = MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF
        guard let cookie = magic_open(flags) else { throw MediaError(.unavailable, "magic_open failed") }
        self.cookie = cookie
        if magic_load(cookie, nil) != 0 {
            let reason = magic_error(cookie).map { String(cString: $0) } ?? ""
            // Not closed: what it could not load, libmagic 5.44 frees once more then.
            throw MediaError(.unavailable, "libmagic's database: \(reason)")
        }
        // Whether bytes are text, and in which encoding, shows in the first of them: the scan takes most of the time.
        var encodingBytes = 16 * 1024
        magic_setparam(cookie, MAGIC_PARAM_ENCODING_MAX, &encodingBytes)
        // Where it can read only one of its files, libmagic makes do with the rest, and knows nothing.
        guard type(of: Array("GIF89a".utf8)) == "image/gif" else {
            throw MediaError(.unavailable, "libmagic's database is not there in whole")
        }
    }

    func type(of head: [UInt8]) -> String? {
        head.withUnsafeBytes { magic_buffer(cookie, $0.baseAddress, $0.count) }.map { String(cString: $0) }
    }

    deinit { magic_close(cookie) }
}
