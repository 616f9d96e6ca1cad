import Testing

@testable import ChatModel

@Suite struct CommonPasswordsTests {
    @Test func theCommonestAreKnownWhateverTheirCase() {
        for password in ["password", "PassWord", "12345678", "qwertyuiop"] {
            #expect(CommonPasswords.contains(password), "\(password)")
        }
        #expect(!CommonPasswords.contains("correct horse battery"))
    }

    @Test(arguments: [
        "ana.nova", "Ana.Nova", "avon.ana", "ananova1990", "1990-ananova", "nova!ana?", "ANANOVA",
    ])
    func namesWithAFewDigitsAreNoPasswords(password: String) {
        #expect(CommonPasswords.isName(password, of: ["ana.nova", "Ana Nova"]))
    }

    @Test(arguments: ["ananova and more", "ananova1234567890", "nothing of it", "an"])
    func moreThanANameIsOne(password: String) {
        #expect(!CommonPasswords.isName(password, of: ["ana.nova", "Ana Nova"]))
    }
}
