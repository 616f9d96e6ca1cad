/// The path below which everything is served, `/chat`; empty for a server that has its name for itself.
struct BasePath: Hashable, Sendable {
    static let root = BasePath(text: "")

    let text: String

    private init(text: String) { self.text = text }

    /// - Returns: nil for what is no path of plain segments: one that has nothing to escape, to resolve or to leave out.
    init?(_ text: String) {
        let segments = text.split(separator: "/", omittingEmptySubsequences: false)
        guard segments.count > 1, segments[0].isEmpty,
            segments.dropFirst().allSatisfy({
                !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.allSatisfy(Self.isPlain)
            })
        else { return nil }
        self.text = text
    }

    /// The unreserved characters of RFC 3986, section 2.3.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-._~".utf8.contains(byte)
    }

    /// The rest of a request's target, from its slash on; nil where it does not lie below the path.
    func stripped(from target: String) -> String? {
        guard !text.isEmpty else { return target }
        guard target.utf8.starts(with: text.utf8) else { return nil }
        let rest = String(target.utf8.dropFirst(text.utf8.count)) ?? ""
        switch rest.utf8.first {
        case UInt8(ascii: "/"): return rest
        case nil, UInt8(ascii: "?"): return "/" + rest
        default: return nil
        }
    }
}
