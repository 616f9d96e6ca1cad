import Testing

@testable import ParleyServer

@Suite struct QueryStringTests {
    @Test(arguments: [
        ("q=a+b", "a b"), ("q=a%2Bb", "a+b"), ("q=a%20b", "a b"), ("q=+", " "), ("q=c%2B%2B+%22x+y%22", "c++ \"x y\""),
        ("q=caf%C3%A9", "café"), ("q=café", "café"), ("q=a=b", "a=b"), ("q=", ""), ("q", ""), ("limit=3&q=x", "x"),
        ("q=first&q=second", "first"), ("%71=x", "x"), ("q=100%", "100%"), ("q=%zz", "%zz"), ("q=%FF", "\u{FFFD}"),
        ("&&q=x&", "x"), ("q=%26%3D", "&="), ("q=%2b", "+"),
    ])
    func readsAFormsValue(query: String, value: String) { #expect(QueryString(query)["q"] == value) }

    @Test(arguments: ["", "p=1", "Q=1", "qq=1", "=q", "q+=1"])
    func hasNoOther(query: String) { #expect(QueryString(query)["q"] == nil) }

    @Test func namesMayHaveBlanks() { #expect(QueryString("a+b=1")["a b"] == "1") }
}
