internal import CMagic
internal import Synchronization

/// Detects the type of bytes with libmagic, regardless of their name. Our own rules add formats that can hold a
/// location and that libmagic misses, because files of unknown type are served unchanged.
public enum Sniffer {
    /// The number of a file's first bytes that are examined.
    public static let headSize = 64 * 1024

    /// The type of unknown bytes.
    public static let unknown = "application/octet-stream"

    /// The MIME type, without parameters. Takes up to some milliseconds, so do not call it on an event loop.
    public static func type(of head: [UInt8]) throws -> String {
        // libmagic would answer "application/x-empty".
        if head.isEmpty { return unknown }
        if let type = head.withUnsafeBytes({ ISOFileType.type(of: ByteView($0)) }) { return type }
        let name = try withHandle { $0.type(of: head) }
        guard let name, isWellFormed(name), name != unknown, !typesWithoutSignature.contains(name) else {
            return head.withUnsafeBytes { typeUnknownToLibmagic(ByteView($0)) }
        }
        // libmagic wants a whole document.
        if name == "text/plain", head.count >= headSize, head.withUnsafeBytes({ JSONPrefix.isJSON($0) }) {
            return "application/json"
        }
        return name
    }

    /// The type of a file, of which `read` gives bytes at an offset. What is behind a tag, and beyond the head, tells the type
    /// of a sound.
    static func type(of head: [UInt8], read: (_ offset: Int, _ count: Int) throws -> [UInt8]) throws -> String {
        var position = 0
        var start = Array(head.prefix(32))
        for _ in 0..<maxTags {
            let size = start.withUnsafeBytes { try? SoundTags.behindTags(ByteView($0), size: .max) } ?? 0
            if size == 0 { break }
            position += size
            start = try read(position, 32)
        }
        guard position > 0 else { return try type(of: head) }
        return try start.withUnsafeBytes { soundType(ByteView($0)) } ?? type(of: head)
    }

    /// Tags before a sound that are looked behind.
    private static let maxTags = 8

    /// The encoding of a text, by the name that browsers know it by; nil for other types. Only its first bytes are examined.
    public static func charset(of head: [UInt8], type: String) throws -> String? {
        guard type.hasPrefix("text/") else { return nil }
        switch try withHandle({ $0.encoding(of: head) }) {
        // Any other bytes may follow.
        case "us-ascii": return isUTF8(head) ? "utf-8" : "iso-8859-1"
        // Bytes that are letters in Windows's encoding only.
        case "unknown-8bit": return "windows-1252"
        case let name? where encodings.contains(name): return name
        // UTF-7 among them, which a browser must never be told to read.
        default: return "utf-8"
        }
    }

    private static let encodings: Set<String> = [
        "utf-8", "iso-8859-1", "utf-16le", "utf-16be", "utf-32le", "utf-32be",
    ]

    /// The last character of a longer file may be cut off.
    private static func isUTF8(_ head: [UInt8]) -> Bool {
        (0...(head.count < headSize ? 0 : 3)).contains { String(validating: head.dropLast($0), as: UTF8.self) != nil }
    }

    private static func withHandle<Result>(_ body: (MagicHandle) throws -> Result) throws -> Result {
        let handle = try idle.withLock { $0.popLast() } ?? MagicHandle()
        defer { idle.withLock { $0.append(handle) } }
        return try body(handle)
    }

    /// Types that libmagic guesses by a few plain bytes. Any binary file may begin with those.
    private static let typesWithoutSignature: Set<String> = ["image/x-tga", "image/x-pcx"]

    /// The type of a sound by its first bytes; nil if they are not known.
    private static func soundType(_ sound: ByteView) -> String? {
        let types: KeyValuePairs<StaticString, String> = [
            "fLaC": "audio/flac", "MAC ": "audio/x-ape", "MP+": "audio/x-musepack", "MPCK": "audio/x-musepack",
            "wvPk": "audio/x-wavpack", "TTA1": "audio/x-tta", "OggS": "audio/ogg",
        ]
        if let type = types.first(where: { sound.has($0.key, at: 0) })?.value { return type }
        if SoundFrames.adts.begins(sound) { return "audio/x-hx-aac-adts" }
        return SoundFrames.mpeg.begins(sound) ? "audio/mpeg" : nil
    }

    /// Opens libmagic's database for `count` concurrent threads. Call it before serving, because later there may be no
    /// descriptor left.
    /// - Throws: `unavailable` if it cannot be read.
    public static func prepare(threads count: Int) throws {
        let handles = try (0..<count).map { _ in try MagicHandle() }
        idle.withLock { $0 += handles }
    }

    // A handle is not thread-safe, and takes 0.1 ms to make.
    private static let idle = Mutex<[MagicHandle]>([])

    private static func typeUnknownToLibmagic(_ head: ByteView) -> String {
        if head.has("IIU\0", at: 0) { return "image/x-panasonic-rw2" }
        if head.has("\0MRM", at: 0) { return "image/x-minolta-mrw" }
        if head.has("caff\0\u{1}", at: 0) { return "audio/x-caf" }
        if isTransportStream(head) { return "video/mp2t" }
        // libmagic looks for the sound after the tag. With a cover picture, the tag can be longer than the head.
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

    /// libmagic's rules sometimes return words that are not MIME types. They must never get into a header.
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

// Unchecked: a thread takes a handle from the idle ones before using it, so only one thread uses it at a time.
private final class MagicHandle: @unchecked Sendable {
    private let cookie: magic_t

    private static let flags = MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF

    init() throws {
        guard let cookie = magic_open(Self.flags) else { throw MediaError(.unavailable, "magic_open failed") }
        self.cookie = cookie
        if magic_load(cookie, nil) != 0 {
            let reason = magic_error(cookie).map { String(cString: $0) } ?? ""
            // Not closed, because libmagic 5.44 would free the unloaded database twice.
            throw MediaError(.unavailable, "libmagic's database: \(reason)")
        }
        // The first bytes show whether a file is text, and its encoding. This scan takes most of the time.
        var encodingBytes = 16 * 1024
        magic_setparam(cookie, MAGIC_PARAM_ENCODING_MAX, &encodingBytes)
        // If libmagic can read only some of its files, it continues without the rest and knows nothing.
        guard type(of: Array("GIF89a".utf8)) == "image/gif" else {
            throw MediaError(.unavailable, "libmagic's database is not there in whole")
        }
    }

    func type(of head: [UInt8]) -> String? {
        head.withUnsafeBytes { magic_buffer(cookie, $0.baseAddress, $0.count) }.map { String(cString: $0) }
    }

    func encoding(of head: [UInt8]) -> String? {
        magic_setflags(cookie, Self.flags & ~MAGIC_MIME_TYPE | MAGIC_MIME_ENCODING)
        defer { magic_setflags(cookie, Self.flags) }
        return type(of: head)
    }

    deinit { magic_close(cookie) }
}
