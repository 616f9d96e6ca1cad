import Foundation
import Testing

@testable import Media

/// PDFs, whose first page becomes a picture.
@Suite struct DocumentJobTests {
    /// A document of pages with these contents, which may use Helvetica as `F1`. Its fonts are the system's.
    static func pdf(_ pages: [String], width: Int = 595, height: Int = 842, trailer: String = "") -> [UInt8] {
        var objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
        let kids = pages.indices.map { "\(4 + 2 * $0) 0 R" }.joined(separator: " ")
        objects.append("<< /Type /Pages /Kids [\(kids)] /Count \(pages.count) >>")
        objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
        for (index, page) in pages.enumerated() {
            objects.append(
                """
                << /Type /Page /Parent 2 0 R /MediaBox [0 0 \(width) \(height)] /Contents \(5 + 2 * index) 0 R
                /Resources << /Font << /F1 3 0 R >> >> >>
                """)
            objects.append("<< /Length \(page.utf8.count) >>\nstream\n\(page)\nendstream")
        }
        var (text, offsets) = ("%PDF-1.4\n", [Int]())
        for (index, object) in objects.enumerated() {
            offsets.append(text.utf8.count)
            text += "\(index + 1) 0 obj\n\(object)\nendobj\n"
        }
        let start = text.utf8.count
        text += "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
        for offset in offsets { text += String(format: "%010d 00000 n \n", offset) }
        text += "trailer\n<< /Size \(objects.count + 1) /Root 1 0 R \(trailer) >>\nstartxref\n\(start)\n%%EOF\n"
        return Array(text.utf8)
    }

    /// The mean of red, green and blue over all pixels.
    private func averageColor(of picture: [UInt8]) throws -> [Double] {
        let path = try picture.asFile
        return try (0...2).map { band in
            let text = try shell("vips extract_band \(path) \(path).\(band).v \(band) && vips avg \(path).\(band).v")
            return try #require(Double(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
    }

    static let red = "1 0 0 rg 0 0 10000 10000 re f"
    static let blue = "0 0 1 rg 0 0 10000 10000 re f"

    @Test func theFirstPageIsItsPicture() async throws {
        let bytes = Self.pdf([Self.red, Self.blue])
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            let media = outcome.media
            #expect(media.type == "application/pdf" && media.kind == .file)
            #expect(media.audience == .everyone && media.cleaned == nil && media.isCleaned == nil)
            #expect(outcome.served == bytes)
            #expect(media.thumbnails.map(\.size) == [.small, .medium, .large])
            let large = try #require(media.thumbnails.last)
            #expect(large.height == ThumbnailSize.large.maxEdge && abs(Double(large.width) / 1280 - 595.0 / 842) < 0.01)
            let color = try averageColor(of: try outcome.thumbnail(.large))
            #expect(color[0] > 240 && color[1] < 15 && color[2] < 15, "\(color)")
        }
    }

    /// Most of a page of text is white. Where the sandbox hid the fonts, all of it would be.
    @Test func textInTheSystemsFontsIsDrawn() async throws {
        let lines = (0..<12).map { "1 0 0 1 40 \(760 - 60 * $0) Tm (MMMMMMMMMMMM) Tj" }.joined(separator: " ")
        let bytes = Self.pdf(["BT /F1 48 Tf \(lines) ET"])
        try await MediaBench.run { bench in
            let outcome = try await bench.process(bytes)
            let color = try averageColor(of: try outcome.thumbnail(.large))
            #expect(color[0] < 235, "\(color)")
        }
    }

    @Test(arguments: ["damaged", "locked", "endless", "of many pixels"])
    func whatCannotBeDrawnIsAPlainFileForEverybody(what: String) async throws {
        let bytes: [UInt8] =
            switch what {
            case "damaged": Array("%PDF-1.7\n".utf8) + [UInt8](repeating: 0x41, count: 5000)
            case "locked":
                Self.pdf(
                    [Self.red],
                    trailer: """
                        /ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <\(String(repeating: "41", count: 32))>
                        /U <\(String(repeating: "42", count: 32))> >>
                        """)
            case "endless": Self.pdf([String(repeating: "0 0 m 600 900 l 300 0 l S q 2 0 0 2 1 1 cm ", count: 400_000)])
            default: Self.pdf([Self.red], width: 1, height: 14_400_000)
            }
        try await MediaBench.run {
            $0.limits.cpuSeconds = 1
            $0.limits.toolSeconds = 5
        } body: { bench in
            let outcome = try await bench.process(bytes)
            #expect(outcome.media.kind == .file && outcome.media.audience == .everyone)
            #expect(outcome.served == bytes)
            if what != "of many pixels" { #expect(outcome.media.thumbnails.isEmpty) }
            for thumbnail in outcome.media.thumbnails { #expect(max(thumbnail.width, thumbnail.height) <= 1280) }
        }
    }

    @Test func withoutPopplerItIsAPlainFile() async throws {
        try await MediaBench.run {
            $0.tools.pdftoppm = nil
        } body: { bench in
            let media = try await bench.process(Self.pdf([Self.red])).media
            #expect(media.kind == .file && media.audience == .everyone && media.thumbnails.isEmpty)
        }
    }
}
