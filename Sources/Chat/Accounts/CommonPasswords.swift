/// The commonest passwords of eight and more characters, as the breach lists that OWASP ASVS 5 (§ 6.2.4) refers to rank
/// them; shorter ones are refused for their length. Compared whatever their case.
enum CommonPasswords {
    static func contains(_ password: String) -> Bool { list.contains(password.lowercased()) }

    private static let list: Set<String> = Set(
        """
        password 12345678 123456789 1234567890 qwertyui qwertyuiop qwerty123 1q2w3e4r 1q2w3e4r5t 1qaz2wsx password1
        password12 password123 passw0rd p@ssw0rd p@ssword iloveyou sunshine princess football baseball superman
        trustno1 starwars whatever computer internet michelle jennifer 11111111 00000000 88888888 12341234 87654321
        987654321 0987654321 123123123 1234qwer qwer1234 asdfghjkl asdfasdf zxcvbnm1 zxcvbnm, abcd1234 abc12345
        abcdefgh a1b2c3d4 admin123 administrator welcome1 welcome123 letmein1 letmein123 monkey123 dragon123 master123
        changeme changeme1 secret123 test1234 testtest guest123 default1 rootroot toor1234 corvette mercedes liverpool
        chelsea1 arsenal1 pokemon1 minecraft q1w2e3r4 q1w2e3r4t5 zaq12wsx zaq1zaq1 1qazxsw2 qazwsxedc 147258369
        159357456 741852963 66666666 77777777 99999999 55555555 22222222 33333333 44444444 12121212 11223344
        112233445566 123321123 1234554321 12344321 samsung1 charlie1 jordan23 michael1 butterfly elizabeth
        """.split(whereSeparator: \.isWhitespace).map(String.init))
}
