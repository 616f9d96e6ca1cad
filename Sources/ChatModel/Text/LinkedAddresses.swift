/// The addresses of the web in a text: what begins with `http://` or `https://`, up to a blank or a character that stands
/// around addresses, each once and in their order.
package struct LinkedAddresses: Sendable, Equatable {
    /// Further ones in one text are left out.
    package static let max = 100
    /// In bytes. What is longer is none.
    private static let maxLength = 2048

    package private(set) var addresses: [String] = []

    package init(in text: String) {
        let bytes = Array(text.utf8)
        var index = 0
        var known: Set<String> = []
        while index + 8 < bytes.count, addresses.count < Self.max {
            guard let host = Self.host(bytes, at: index) else {
                index += 1
                continue
            }
            var end = host
            while end < bytes.count, !Self.ends(bytes[end]) { end += 1 }
            let whole = Self.trimmed(bytes[index..<end])
            index = end
            guard whole.endIndex > host, whole.count <= Self.maxLength else { continue }
            let address = String(decoding: whole, as: UTF8.self)
            if known.insert(address).inserted { addresses.append(address) }
        }
    }

    /// Where the host begins, if an address begins at `start`.
    private static func host(_ bytes: [UInt8], at start: Int) -> Int? {
        guard bytes[start] | 0x20 == UInt8(ascii: "h") else { return nil }
        for scheme in ["http://", "https://"] {
            let end = start + scheme.utf8.count
            guard end < bytes.count else { continue }
            if zip(bytes[start..<end], scheme.utf8).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 }) {
                return isOfHost(bytes[end]) ? end : nil
            }
        }
        return nil
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "["), 128...255:
            true
        default: false
        }
    }

    private static func ends(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
            || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "`")
    }

    /// What ends a sentence, or a parenthesis that began before the address, is not part of it.
    private static func trimmed(_ address: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var address = address
        var opened = address.reduce(0) { $0 + ($1 == UInt8(ascii: "(") ? 1 : $1 == UInt8(ascii: ")") ? -1 : 0) }
        while let last = address.last {
            if last == UInt8(ascii: ")"), opened < 0 {
                opened += 1
            } else if !".,;:!?'*_~|([{]}".utf8.contains(last) {
                break
            }
            address.removeLast()
        }
        return address
    }
}
