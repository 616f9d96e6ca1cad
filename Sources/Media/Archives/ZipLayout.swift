public import Foundation

/// Where everything is in a zip archive of stored (not compressed) files, and the bytes of its headers.
///
/// The format is PKWARE's APPNOTE.TXT 6.3.10. The sizes are known beforehand and the checksums when a header is made, so
/// there are no data descriptors: programs that read an archive from its beginning can read this one. The archive of
/// the same files has always the same bytes.
public struct ZipLayout: Sendable {
    public struct Entry: Sendable, Equatable {
        /// Without directories; at most 65,535 bytes.
        public var name: String
        /// In bytes.
        public var size: Int
        public var modified: Date

        public init(name: String, size: Int, modified: Date) {
            self.name = name
            self.size = size
            self.modified = modified
        }
    }

    public let entries: [Entry]
    /// Where the local header of each entry begins, and at last the central directory.
    private let offsets: [Int]

    public init(_ entries: [Entry]) {
        self.entries = entries
        offsets = entries.reduce(into: [0]) { offsets, entry in
            offsets.append((offsets.last ?? 0) + Self.headerSize(entry) + entry.size)
        }
    }

    /// The size of the archive in bytes.
    public var size: Int { directoryRange.upperBound }

    /// The bytes of the local header of an entry.
    public func headerRange(_ index: Int) -> Range<Int> {
        offsets[index]..<offsets[index] + Self.headerSize(entries[index])
    }

    /// The bytes of an entry's file.
    public func contentRange(_ index: Int) -> Range<Int> {
        let start = headerRange(index).upperBound
        return start..<start + entries[index].size
    }

    /// The bytes of the central directory and the records behind it.
    public var directoryRange: Range<Int> { directoryStart..<directoryStart + directorySize + endSize }

    private var directoryStart: Int { offsets[entries.count] }

    // MARK: Limits

    /// A number that does not fit is replaced by all ones, and stands in a ZIP64 field (section 4.4.1.4).
    private static let max32 = Int(UInt32.max)
    private static let max16 = Int(UInt16.max)

    private static func isLarge(_ entry: Entry) -> Bool { entry.size >= max32 }
    private var hasZIP64End: Bool {
        entries.count >= Self.max16 || directoryStart >= Self.max32 || directorySize >= Self.max32
    }

    // MARK: Headers

    /// The local header of an entry (section 4.3.7).
    public func header(_ index: Int, crc32: UInt32) -> [UInt8] {
        let entry = entries[index]
        var bytes = LittleEndian()
        bytes.put32(0x0403_4B50)
        bytes.put16(Self.versionNeeded(isLarge: Self.isLarge(entry)))
        putCommon(entry, crc32, sizes: Self.isLarge(entry) ? Self.max32 : entry.size, into: &bytes)
        let extra = Self.localExtra(entry)
        bytes.put16(extra.count)
        bytes.bytes += Array(entry.name.utf8) + extra
        return bytes.bytes
    }

    /// The central directory and its end (sections 4.3.12, 4.3.14, 4.3.15 and 4.3.16).
    /// - Parameter checksums: The CRC-32 of each entry.
    public func directory(_ checksums: [UInt32]) -> [UInt8] {
        var bytes = LittleEndian()
        for index in entries.indices { putDirectoryEntry(index, checksums[index], into: &bytes) }
        putEnd(into: &bytes)
        return bytes.bytes
    }

    private func putDirectoryEntry(_ index: Int, _ crc32: UInt32, into bytes: inout LittleEndian) {
        let entry = entries[index]
        let extra = directoryExtra(index)
        bytes.put32(0x0201_4B50)
        // Made on Unix, so that the attributes are a Unix mode (section 4.4.2).
        bytes.put16(3 << 8 | 63)
        bytes.put16(Self.versionNeeded(isLarge: Self.isLarge(entry) || offsets[index] >= Self.max32))
        putCommon(entry, crc32, sizes: Self.isLarge(entry) ? Self.max32 : entry.size, into: &bytes)
        bytes.put16(extra.count)
        // No comment, the first disk, no internal attributes.
        for _ in 0..<3 { bytes.put16(0) }
        bytes.put32(0o100644 << 16)
        bytes.put32(min(offsets[index], Self.max32))
        bytes.bytes += Array(entry.name.utf8) + extra
    }

    /// What both headers have in common: from the flags to the length of the name.
    private func putCommon(_ entry: Entry, _ crc32: UInt32, sizes: Int, into bytes: inout LittleEndian) {
        // Bit 11: the name is UTF-8 (section 4.4.4).
        bytes.put16(1 << 11)
        // Stored (section 4.4.5).
        bytes.put16(0)
        let (date, time) = Self.dosTime(entry.modified)
        bytes.put16(time)
        bytes.put16(date)
        bytes.put32(Int(crc32))
        bytes.put32(sizes)
        bytes.put32(sizes)
        bytes.put16(entry.name.utf8.count)
    }

    private func putEnd(into bytes: inout LittleEndian) {
        if hasZIP64End {
            bytes.put32(0x0606_4B50)
            bytes.put64(44)
            bytes.put16(3 << 8 | 63)
            bytes.put16(45)
            bytes.put32(0)
            bytes.put32(0)
            for number in [entries.count, entries.count, directorySize, directoryStart] { bytes.put64(number) }
            bytes.put32(0x0706_4B50)
            bytes.put32(0)
            bytes.put64(directoryStart + directorySize)
            bytes.put32(1)
        }
        bytes.put32(0x0605_4B50)
        bytes.put16(0)
        bytes.put16(0)
        bytes.put16(min(entries.count, Self.max16))
        bytes.put16(min(entries.count, Self.max16))
        bytes.put32(min(directorySize, Self.max32))
        bytes.put32(min(directoryStart, Self.max32))
        bytes.put16(0)
    }

    private static func versionNeeded(isLarge: Bool) -> Int { isLarge ? 45 : 20 }

    // MARK: Sizes

    private static func headerSize(_ entry: Entry) -> Int { 30 + entry.name.utf8.count + localExtra(entry).count }

    private var directorySize: Int {
        entries.indices.reduce(0) { $0 + 46 + entries[$1].name.utf8.count + directoryExtra($1).count }
    }

    private var endSize: Int { (hasZIP64End ? 56 + 20 : 0) + 22 }

    // MARK: Extra fields

    private static func localExtra(_ entry: Entry) -> [UInt8] {
        zip64Extra(isLarge(entry) ? [entry.size, entry.size] : []) + timeExtra(entry.modified)
    }

    private func directoryExtra(_ index: Int) -> [UInt8] {
        let entry = entries[index]
        let sizes = Self.isLarge(entry) ? [entry.size, entry.size] : []
        let offset = offsets[index] >= Self.max32 ? [offsets[index]] : []
        return Self.zip64Extra(sizes + offset) + Self.timeExtra(entry.modified)
    }

    /// Section 4.5.3; nothing where no number needs it.
    private static func zip64Extra(_ numbers: [Int]) -> [UInt8] {
        guard !numbers.isEmpty else { return [] }
        var bytes = LittleEndian()
        bytes.put16(0x0001)
        bytes.put16(numbers.count * 8)
        for number in numbers { bytes.put64(number) }
        return bytes.bytes
    }

    /// Info-ZIP's extended timestamp (section 4.6.1 lists it): the moment itself, for a DOS time has no time zone.
    private static func timeExtra(_ date: Date) -> [UInt8] {
        var bytes = LittleEndian()
        bytes.put16(0x5455)
        bytes.put16(5)
        bytes.bytes.append(1)
        bytes.put32(Int(UInt32(bitPattern: Int32(clamping: Int(max(-4e9, min(4e9, date.timeIntervalSince1970)))))))
        return bytes.bytes
    }

    /// In UTC, within the years that it can express (section 4.4.6).
    private static func dosTime(_ date: Date) -> (date: Int, time: Int) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        guard let year = parts.year, (1980...2107).contains(year) else { return (1 << 5 | 1, 0) }
        return (
            (year - 1980) << 9 | (parts.month ?? 1) << 5 | (parts.day ?? 1),
            (parts.hour ?? 0) << 11 | (parts.minute ?? 0) << 5 | (parts.second ?? 0) / 2
        )
    }
}

/// Numbers as zip writes them: the lowest byte first (section 4.4.1.1).
private struct LittleEndian {
    var bytes: [UInt8] = []

    mutating func put16(_ value: Int) { put(value, 2) }
    mutating func put32(_ value: Int) { put(value, 4) }
    mutating func put64(_ value: Int) { put(value, 8) }

    private mutating func put(_ value: Int, _ count: Int) {
        for shift in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (shift * 8))) }
    }
}
