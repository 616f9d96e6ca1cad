import Testing

@testable import ObjectStorage

@Suite struct ObjectStoreConfigurationTests {
    private func make(
        endpoint: String = "https://s3.example.org", bucket: String = "parley", region: String = "us-east-1",
        access: String = "key", secret: String = "secret", paths: Bool = true
    ) throws(ObjectStoreConfiguration.Invalid) -> ObjectStoreConfiguration {
        try ObjectStoreConfiguration(
            endpoint: endpoint, bucket: bucket, region: region, accessKey: access, secretKey: secret, usesPaths: paths)
    }

    @Test func theBucketIsInThePathOrInTheName() throws {
        let paths = try make(endpoint: "http://127.0.0.1:8333/")
        #expect(paths.authority == "127.0.0.1:8333" && paths.path(of: "a/b") == "/parley/a/b")
        #expect(paths.path(of: "") == "/parley" && paths.origin == "http://127.0.0.1:8333")
        let names = try make(endpoint: "HTTPS://S3.example.org:443", paths: false)
        #expect(names.authority == "parley.s3.example.org" && names.path(of: "a/b") == "/a/b")
        #expect(names.path(of: "") == "/" && names.origin == "https://parley.s3.example.org")
        #expect(paths.policySource == "http://127.0.0.1:8333/parley/", "and no other bucket there")
        #expect(names.policySource == "https://parley.s3.example.org")
        #expect(try make(endpoint: "http://[::1]:9000").authority == "[::1]:9000")
    }

    @Test(arguments: [
        "", "s3.example.org", "ftp://s3.example.org", "https://", "https://user:secret@s3.example.org",
        "https://s3.example.org/bucket", "https://s3.example.org?x=1", "https://s3.example.org#x", "https://a b",
        "https://s3.example.org:0", "https://s3.example.org:65536", "https://exämple.org", "https://a%2fb",
    ])
    func whatIsNoAddressIsRefused(_ endpoint: String) {
        #expect { try make(endpoint: endpoint) } throws: {
            ($0 as? ObjectStoreConfiguration.Invalid)?.part == .endpoint
        }
    }

    @Test(arguments: ["", "ab", "Parley", "a/b", "a..b", ".ab", "a_b", String(repeating: "a", count: 64)])
    func whatIsNoBucketIsRefused(_ bucket: String) {
        #expect { try make(bucket: bucket) } throws: { ($0 as? ObjectStoreConfiguration.Invalid)?.part == .bucket }
    }

    /// A line break in a key would be one in a header field.
    @Test func keysAndRegionsHaveNoLineBreaks() {
        #expect { try make(access: "a\r\nb") } throws: {
            ($0 as? ObjectStoreConfiguration.Invalid)?.part == .accessKey
        }
        #expect { try make(secret: "") } throws: { ($0 as? ObjectStoreConfiguration.Invalid)?.part == .secretKey }
        #expect { try make(region: "a b") } throws: { ($0 as? ObjectStoreConfiguration.Invalid)?.part == .region }
    }
}
