import Testing

@testable import ParleyServer

@Suite struct FileResponseTests {
    @Test func aNameIsSafeInItsHeader() {
        #expect(
            FileResponse.disposition("a \"b\" \\ü\r\n.txt", inline: false)
                == "attachment; filename=\"a _b_ ____.txt\"; filename*=UTF-8''a%20%22b%22%20%5C%C3%BC%0D%0A.txt")
        #expect(FileResponse.disposition("a.png", inline: true).hasPrefix("inline; filename=\"a.png\";"))
    }
}
