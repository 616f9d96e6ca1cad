import Foundation
import Testing

@testable import ObjectStorage

@Suite struct ListedObjectTests {
    private func page(_ content: String) throws -> ObjectPage {
        try ObjectPage.parse("<ListBucketResult>\(content)</ListBucketResult>".utf8)
    }

    @Test func aListIsRead() throws {
        let page = try page(
            """
            <IsTruncated>true</IsTruncated><NextContinuationToken>a/b=</NextContinuationToken>
            <Contents><Key>ab/x&amp;y</Key><LastModified>2026-11-30T06:05:04.123Z</LastModified><Size>7</Size></Contents>
            <Contents><Key>b</Key><LastModified>2026-11-30T06:05:04Z</LastModified><Size>0</Size></Contents>
            """)
        #expect(page.next == "a/b=")
        #expect(page.objects.map(\.key) == ["ab/x&y", "b"])
        #expect(page.objects.map(\.size) == [7, 0])
        #expect(abs(page.objects[1].modified.timeIntervalSince1970 - 1_796_018_704) < 1)
    }

    @Test func theLastPartHasNoNext() throws {
        #expect(
            try page("<IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken>").next == nil)
        #expect(try page("").objects.isEmpty)
    }

    /// A list that was taken for a shorter one than it is would let `verify` call files lost.
    @Test(arguments: [
        "<IsTruncated>true</IsTruncated>",
        "<Contents><Key>a</Key><LastModified>2026-11-30T06:05:04Z</LastModified></Contents>",
        "<Contents><Key>a</Key><LastModified>yesterday</LastModified><Size>1</Size></Contents>",
        "<Contents><Key>a</Key><LastModified>2026-11-30T06:05:04Z</LastModified><Size>-1</Size></Contents>",
    ])
    func anIncompleteListIsRefused(_ content: String) {
        #expect(throws: (any Error).self) { try page(content) }
    }

    @Test func anotherDocumentIsRefused() {
        #expect(throws: (any Error).self) { try ObjectPage.parse("<Error><Code>x</Code></Error>".utf8) }
    }
}
