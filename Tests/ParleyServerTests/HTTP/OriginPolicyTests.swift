import Testing

@testable import ParleyServer

@Suite struct OriginPolicyTests {
    private func policy(allowed: [String] = [], publicURL: String? = nil, speaksTLS: Bool = false) -> OriginPolicy {
        OriginPolicy(
            allowed: Set(allowed.compactMap { WebOrigin($0) }), publicOrigin: publicURL.flatMap { WebOrigin($0) },
            speaksTLS: speaksTLS)
    }

    private func isStranger(_ page: OriginPolicy.Page) -> Bool {
        if case .stranger = page { true } else { false }
    }

    @Test func aRequestWithoutAnOriginIsNoPages() {
        #expect(policy().page(origin: nil, authority: "chat.example", isSecure: false) == .none)
    }

    @Test func thePageOfTheServerThatWasCalledIsItsOwn() {
        let policy = policy()
        #expect(policy.page(origin: "http://chat.example", authority: "CHAT.example:80", isSecure: false) == .own)
        #expect(policy.page(origin: "https://chat.example", authority: "chat.example", isSecure: true) == .own)
        for (origin, isSecure) in [
            ("https://chat.example", false), ("http://chat.example", true), ("http://chat.example:8080", false),
            ("http://evil.example", false), ("null", false), ("", false),
        ] {
            #expect(
                isStranger(policy.page(origin: origin, authority: "chat.example", isSecure: isSecure)), "\(origin)")
        }
        #expect(isStranger(policy.page(origin: "http://chat.example", authority: nil, isSecure: false)))
    }

    /// A name that was made to point here (DNS rebinding) does not make its pages the server's own.
    @Test func thePublicURLDecidesWhereItIsSet() {
        let policy = policy(publicURL: "https://chat.example")
        #expect(policy.page(origin: "https://chat.example", authority: "10.0.0.1", isSecure: false) == .own)
        #expect(
            isStranger(policy.page(origin: "http://evil.example", authority: "evil.example", isSecure: false)))
    }

    @Test func aNamedPageMayUseTheServer() {
        let policy = policy(allowed: ["https://app.example", "http://localhost:3000"])
        for origin in ["https://app.example", "https://APP.example:443", "http://localhost:3000"] {
            #expect(
                policy.page(origin: origin, authority: "chat.example", isSecure: true) == .permitted, "\(origin)")
        }
        for origin in ["http://app.example", "https://app.example.evil", "http://localhost"] {
            #expect(isStranger(policy.page(origin: origin, authority: "chat.example", isSecure: true)), "\(origin)")
        }
    }

    @Test func theReasonNamesTheRightAddressWhereOnlyTheSchemeOrPortDiffers() {
        let reason = policy().page(origin: "https://chat.example", authority: "chat.example", isSecure: false)
        #expect(
            reason
                == .stranger(
                    "pages of https://chat.example may not use this server: its own are at http://chat.example "
                        + "unless PUBLIC_URL says otherwise"))
        let other = policy().page(origin: "https://evil.example", authority: "chat.example", isSecure: false)
        #expect(other == .stranger("pages of https://evil.example may not use this server"))
    }

    @Test func thePublicURLDecidesWhetherTheServerIsSecure() {
        #expect(policy(publicURL: "https://chat.example").isSecure(throughTLSProxy: false))
        #expect(!policy(publicURL: "http://chat.example", speaksTLS: true).isSecure(throughTLSProxy: true))
        #expect(policy(speaksTLS: true).isSecure(throughTLSProxy: false))
        #expect(policy().isSecure(throughTLSProxy: true))
        #expect(!policy().isSecure(throughTLSProxy: false))
    }

    @Test func onlyAPortOfItsOwnIsNamed() {
        let policy = policy()
        #expect(policy.port(authority: "chat.example", isSecure: false) == nil)
        #expect(policy.port(authority: "chat.example:80", isSecure: false) == nil)
        #expect(policy.port(authority: "chat.example:443", isSecure: true) == nil)
        #expect(policy.port(authority: "[::1]:8080", isSecure: false) == 8080)
        #expect(policy.port(authority: nil, isSecure: false) == nil)
        let named = self.policy(publicURL: "https://chat.example:8443")
        #expect(named.port(authority: "10.0.0.1:80", isSecure: false) == 8443)
    }
}
