internal import CMagic
internal import NIOPosix

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
        let magic = try handle()
        let type = head.withUnsafeBytes { magic_buffer(magic.cookie, $0.baseAddress, $0.count) }
        guard let type, case let name = String(cString: type), isWellFormed(name), name != unknown else {
            return head.withUnsafeBytes { typeUnknownToLibmagic(ByteView($0)) }
        }
        return name
    }

    private static func typeUnknownToLibmagic(_ head: ByteView) -> String {
        if head.has("IIU\0", at: 0) { return "image/x-panasonic-rw2" }
        if head.has("\0MRM", at: 0) { return "image/x-minolta-mrw" }
        if head.has("caff\0\u{1}", at: 0) { return "audio/x-caf" }
        // libmagic looks for the sound behind the tag, which may be longer than the head: a cover picture is in it.
        if isID3(head) { return "audio/mpeg" }
        return unknown
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

    // libmagic's handles are not for two threads at once; making one costs 0.1 ms.
    private static let handles = ThreadSpecificVariable<MagicHandle>()

    private static func handle() throws -> MagicHandle {
        if let handle = handles.currentValue { return handle }
        let handle = try MagicHandle()
        handles.currentValue = handle
        return handle
    }
}

// Unchecked: a handle is reached only through the variable of the thread that made it, so one thread ever uses it.
private final class MagicHandle: @unchecked Sendable {
    let cookie: magic_t

    init() throws {
        let flags = MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF
        guard let cookie = magic_open(flags) else { throw MediaError(.unavailable, "magic_open failed") }
        self.cookie = cookie
        if magic_load(cookie, nil) != 0 {
            let reason = magic_error(cookie).map { String(cString: $0) } ?? ""
            magic_close(cookie)
            throw MediaError(.unavailable, "libmagic's database: \(reason)")
        }
        // Whether bytes are text, and in which encoding, shows in the first of them: the scan takes most of the time.
        var encodingBytes = 16 * 1024
        magic_setparam(cookie, MAGIC_PARAM_ENCODING_MAX, &encodingBytes)
    }

    deinit { magic_close(cookie) }
}
