import CZlib
import Foundation
import Testing

@testable import Media

@Suite struct ZipLayoutTests {
    private static let time = Date(timeIntervalSince1970: 1_769_851_801)

    /// Writes an archive whose files consist of zeros. They are holes on the disk, so they may be large.
    private func write(_ layout: ZipLayout, to path: String) throws {
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        let file = try #require(FileHandle(forWritingAtPath: path))
        defer { try? file.close() }
        var checksums: [UInt32] = []
        for index in layout.entries.indices {
            checksums.append(Self.checksum(ofZeros: layout.entries[index].size))
            let header = layout.header(index, crc32: checksums[index])
            #expect(header.count == layout.headerRange(index).count)
            try file.seek(toOffset: UInt64(layout.headerRange(index).lowerBound))
            try file.write(contentsOf: Data(header))
        }
        let directory = layout.directory(checksums)
        #expect(directory.count == layout.directoryRange.count)
        try file.seek(toOffset: UInt64(layout.directoryRange.lowerBound))
        try file.write(contentsOf: Data(directory))
        #expect(layout.size == layout.directoryRange.upperBound)
    }

    /// By zlib's rule for two pieces, so that gigabytes take no time.
    private static func checksum(ofZeros size: Int) -> UInt32 {
        var (piece, length) = (crc32(0, [0], 1), 1)
        var (whole, rest) = (crc32(0, nil, 0), size)
        while rest > 0 {
            if rest & 1 == 1 { whole = crc32_combine(whole, piece, length) }
            piece = crc32_combine(piece, piece, length)
            length *= 2
            rest >>= 1
        }
        return UInt32(truncatingIfNeeded: whole)
    }

    private func list(_ path: String) throws -> [[String]] {
        let script =
            "import sys, zipfile\\nfor i in zipfile.ZipFile(sys.argv[1]).infolist(): "
            + "print(i.filename, i.file_size, i.compress_type, i.header_offset, *i.date_time, sep='|')"
        return try shell("python3 -c \"$(printf \"\(script)\")\" \(path)").split(separator: "\n").map {
            $0.split(separator: "|").map(String.init)
        }
    }

    private func withFile(_ body: (String) throws -> Void) rethrows {
        let directory = MediaBench.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try body("\(directory)/a.zip")
    }

    @Test func programsReadTheArchive() throws {
        try withFile { path in
            let names = ["a.txt", "Übung 🎉.pdf", "empty", String(repeating: "x", count: 255)]
            let layout = ZipLayout(
                names.enumerated().map { .init(name: $1, size: $1 == "empty" ? 0 : 1000 + $0, modified: Self.time) })
            try write(layout, to: path)
            #expect(try list(path).map { $0[0] } == names)
            #expect(try list(path).map { $0[1] } == ["1000", "1001", "0", "1003"])
            #expect(try list(path)[0][2...] == ["0", "0", "2026", "1", "31", "9", "30", "0"])
            #expect(try shell("unzip -t \(path) 2>&1").contains("No errors detected"))
            // The moment itself, in whatever zone.
            let listed = try shell("TZ=UTC zipinfo -T \(path)")
            #expect(listed.contains("20260131.093001"), "\(listed)")
        }
    }

    @Test func anEmptyArchiveIsOne() throws {
        try withFile { path in
            try write(ZipLayout([]), to: path)
            #expect(try list(path).isEmpty)
            #expect(ZipLayout([]).size == 22)
        }
    }

    /// Four gigabytes and one byte less, where 32 bits are just not enough; and files behind it, whose places do not fit.
    @Test(arguments: [0xFFFF_FFFE, 0xFFFF_FFFF, 0x1_0000_0000])
    func largeFilesAreInZIP64(size: Int) throws {
        try withFile { path in
            let layout = ZipLayout([
                .init(name: "large", size: size, modified: Self.time),
                .init(name: "behind", size: 5, modified: Self.time),
            ])
            try write(layout, to: path)
            let listed = try list(path)
            #expect(listed.map { $0[1] } == ["\(size)", "5"])
            #expect(listed[1][3] == "\(layout.headerRange(1).lowerBound)")
            let isLarge = size >= 0xFFFF_FFFF
            #expect(layout.header(0, crc32: 0)[4] == (isLarge ? 45 : 20))
            // Of a size of exactly 32 ones, unzip 6.0 takes the field for one that has its number elsewhere.
            if size == 0xFFFF_FFFF { return }
            // From where the entry's place says: unzip compares the local header with the directory's.
            #expect(try shell("unzip -p \(path) behind | wc -c").contains("5"))
            #expect(try shell("zipinfo -1 \(path)") == "large\nbehind\n")
        }
    }

    @Test func manyFilesAreInZIP64() throws {
        try withFile { path in
            let entries = (0..<65_535).map { ZipLayout.Entry(name: "\($0)", size: 0, modified: Self.time) }
            for count in [65_534, 65_535] {
                try write(ZipLayout(Array(entries.prefix(count))), to: path)
                #expect(try list(path).count == count)
            }
        }
    }

    @Test func datesThatDOSCannotExpressAreTheFirstItCan() {
        for seconds in [-1e18, -1, 1e18] {
            let entry = ZipLayout.Entry(name: "a", size: 0, modified: Date(timeIntervalSince1970: seconds))
            #expect(ZipLayout([entry]).header(0, crc32: 0)[10..<14] == [0, 0, 0x21, 0])
        }
    }
}
