import Testing

@testable import Media

@Suite struct PageEncodingTests {
    @Test(
        arguments: [
            ([0xC3, 0xA9], nil, "é"), ([0xE9], nil, "é"), ([0x80, 0x93], nil, "€“"), ([0xC3, 0xA9], "utf-8", "é"),
            ([0xC3, 0xA9], "ISO-8859-1", "Ã©"), ([0xE9, 0x80], "latin1", "é€"),
            ([0xEF, 0xBB, 0xBF, 0xC3, 0xA9], "latin1", "é"),
            ([0xFF, 0xFE, 0xE9, 0x00], nil, "é"), ([0xFE, 0xFF, 0x00, 0xE9], nil, "é"), ([0xFE, 0xFF, 0x00], nil, ""),
            ([0xCF], "windows-1251", "П"), ([0xF0], "koi8-r", "П"), ([0x82, 0xA0], "Shift_JIS", "あ"),
            ([0xC4, 0xE3], "gb2312", "你"), ([0xA7, 0x41], "big5", "你"), ([0xB0, 0xA1], "euc-kr", "가"),
            ([0xC4, 0xE3, 0xC4], "gbk", "你"), ([0xC3, 0xA9], "no-such-thing", "é"),
            ([0x61, 0xC3], "utf-8", "a\u{FFFD}"),
            ([0x61, 0xC3], nil, "aÃ"), ([0xC3, 0xA9, 0xC3], nil, "é\u{FFFD}"), ([], nil, ""),
        ] as [([UInt8], String?, String)])
    func bytesAreRead(bytes: [UInt8], charset: String?, text: String) {
        #expect(PageEncoding.text(of: bytes, charset: charset) == text)
    }

    @Test(arguments: [
        "<meta charset=windows-1251>", "<META CHARSET = 'x' charset='windows-1251'>",
        "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=Windows-1251\">",
        "<meta charset=\"windows-1251\"",
    ])
    func thePageSaysItsEncoding(head: String) {
        #expect(PageEncoding.text(of: Array(head.utf8) + [0xCF], charset: nil).hasSuffix("П"))
    }

    @Test func theHeaderGoesBeforeThePage() {
        let page = Array("<meta charset=windows-1251>".utf8) + [0xC3, 0xA9]
        #expect(PageEncoding.text(of: page, charset: "utf-8").hasSuffix("é"))
        // What nobody reads says nothing.
        #expect(PageEncoding.text(of: page, charset: "x-unknown").hasSuffix("Г©"))
    }

    @Test func aPageThatCanBeReadIsNotUTF16() {
        #expect(PageEncoding.text(of: Array("<meta charset=utf-16le>é".utf8), charset: nil).hasSuffix("é"))
    }
}
