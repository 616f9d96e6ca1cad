import NIOHTTP1
import Testing

@testable import EngineIO

@Suite struct CORSPolicyTests {
    @Test func answersCORS() {
        let request: HTTPHeaders = ["Origin": "https://a.example", "Access-Control-Request-Headers": "x-b"]
        #expect(CORSPolicy.sameOrigin.headers(for: request, isPreflight: true).isEmpty)
        #expect(
            CORSPolicy.any.headers(for: request, isPreflight: false).first(name: "Access-Control-Allow-Origin") == "*")
        let listed = CORSPolicy.allowing { $0 == "https://a.example" }.headers(for: request, isPreflight: true)
        #expect(listed.first(name: "Access-Control-Allow-Origin") == "https://a.example")
        #expect(listed.first(name: "Access-Control-Allow-Headers") == "x-b")
        #expect(listed.first(name: "Access-Control-Allow-Methods")?.split(separator: ",").contains("PUT") == true)
        let foreign = CORSPolicy.allowing { $0 == "https://b.example" }.headers(for: request, isPreflight: true)
        #expect(!foreign.contains(name: "Access-Control-Allow-Origin"))
    }
}
