import Foundation
import Testing

@testable import ParleyServer

/// Lines as people have them in their `.env` files.
@Suite struct SettingsFileTests {
    private func value(_ text: String) throws -> String? { try SettingsFile(text).values["KEY"] }

    @Test(arguments: [
        // Plain.
        ("KEY=value", "value"), ("KEY=", ""), ("KEY = value", "value"), ("KEY\t=\tvalue\t", "value"),
        ("  KEY=value  ", "value"), ("export KEY=value", "value"), ("export\tKEY = value", "value"),
        ("KEY: value", "value"), ("KEY:value", "value"), ("KEY=a b  c", "a b  c"), ("KEY==", "="),
        ("KEY=base64+/with==", "base64+/with=="), ("KEY=postgres://u:p#w@h/d?a=b#c", "postgres://u:p#w@h/d?a=b#c"),
        ("KEY=https://chat.example:8443/", "https://chat.example:8443/"), ("KEY=C:\\new\\table", "C:\\new\\table"),
        ("KEY=$HOME and ${HOME}", "$HOME and ${HOME}"), ("KEY=it's", "it's"), ("KEY=say \"hi\"", "say \"hi\""),
        ("KEY=naïve 字 👍", "naïve 字 👍"), ("KEY=value\\", "value\\"), ("KEY=\u{A0}value\u{A0}", "value"),
        // Comments.
        ("KEY=value # comment", "value"), ("KEY=value\t#comment", "value"), ("KEY=value#none", "value#none"),
        ("KEY=#none", "#none"), ("KEY= # comment", ""), ("KEY=a#b # c # d", "a#b"), ("KEY=  #", ""),
        ("# KEY=other\nKEY=value\n#KEY=other", "value"), ("   # KEY=other\n\n \t\nKEY=value", "value"),
        // Double quotes.
        (#"KEY="value""#, "value"), (#"KEY="""#, ""), (#"KEY = " value " "#, " value "),
        (#"KEY="a # b" # c"#, "a # b"), ("KEY=\"value\"#comment", "value"), (#"KEY="a\nb\tc\rd""#, "a\nb\tc\rd"),
        (#"KEY="say \"hi\"""#, #"say "hi""#), (#"KEY="C:\\new""#, #"C:\new"#), (#"KEY="\$HOME $HOME""#, "$HOME $HOME"),
        (#"KEY="it's""#, "it's"), (#"KEY="\x\u0041\'""#, #"\x\u0041'"#), (#"export KEY="value""#, "value"),
        ("KEY=\"two\nlines\"", "two\nlines"), ("KEY=\"two\r\nlines\"\r\n", "two\nlines"), (#"KEY: "value""#, "value"),
        // Single quotes and backticks.
        ("KEY='value'", "value"), ("KEY=''", ""), ("KEY=' value '", " value "), ("KEY='a # b' # c", "a # b"),
        (#"KEY='a\nb'"#, #"a\nb"#), (#"KEY='say "hi"'"#, #"say "hi""#), (#"KEY='C:\dir\'"#, #"C:\dir\"#),
        (#"KEY='C:\dir\' # c"#, #"C:\dir\"#), (#"KEY='it\'s'"#, "it's"), ("KEY='$HOME'", "$HOME"),
        ("KEY='two\nlines'", "two\nlines"), ("KEY=`it's \"so\"`", "it's \"so\""),
        // Files.
        ("\u{FEFF}KEY=value", "value"), ("\u{FEFF}# c\r\nKEY=value\r\nOTHER=x\r\n", "value"), ("KEY=value\r", "value"),
        ("OTHER=1\rKEY=value\rTHIRD=3", "value"), ("KEY=first\nKEY=second", "second"),
        ("KEY=\"\nOTHER=1\"\nexport OTHER='#'\nKEY=value", "value"), ("export=1\nKEY=value", "value"),
        ("compose.name-1=x\nKEY=value", "value"),
    ])
    func reads(text: String, expected: String) throws {
        #expect(try value(text) == expected)
    }

    @Test(arguments: ["", "\n\n", "# nothing", "\u{FEFF}", "\r\n \r\n", "#KEY=value", "key=value", "OTHER=KEY=1"])
    func hasNone(text: String) throws {
        #expect(try value(text) == nil)
    }

    @Test(arguments: [
        ("KEY", 1), ("export KEY", 1), ("A=1\nKEY value", 2), ("A=1\r\n\r\nKEY\r\nB=2", 3), ("=value", 1),
        ("1KEY=value", 1),
        ("K€Y=value", 1), ("KEY[0]=value", 1), ("- KEY=value", 1), ("{\"KEY\":\"value\"}", 1),
        ("A=1\nKEY=\"value\nB=2\n", 2),
        ("KEY='value", 1), ("KEY=`value", 1), (#"KEY="value\""#, 1), ("KEY=\"a\" b", 1), ("KEY='a'b'", 1),
        ("KEY=\"a\"b\"", 1),
        ("A=\"1\n2\n3\"\nKEY", 4), ("KEY=a\u{0}b", 1), ("KEY=\"a\u{0}b\"", 1), ("KEY=a\u{1B}b", 1),
        ("export export KEY=1", 1),
        ("[section]\nKEY=1", 1), ("KEY+=value", 1), ("set KEY=value", 1), ("\u{200B}KEY=1", 1),
    ])
    func refusesWhatItCannotRead(text: String, line: Int) {
        #expect { try SettingsFile(text) } throws: { ($0 as? SettingsFile.Invalid)?.line == line }
    }

    /// It may be a secret.
    @Test func anErrorDoesNotSayWhatStandsThere() throws {
        for text in ["hunter2", "KEY=\"hunter2", "KEY='hunter2'hunter2", "hunter2!=1"] {
            #expect { try SettingsFile(text) } throws: { !"\($0)".contains("hunter2") }
        }
    }

    @Test func namesThatAreNearlyASettingsAreNoticed() {
        let known = ["HOST", "PORT", "JWT_SECRET", "JWT_SECRET_PREVIOUS", "DATABASE_URL"]
        func warned(_ names: String...) -> Int { SettingNames.warnings(names, in: ".env", known: known).count }
        #expect(warned("JWT_SECERT", "DATABASE_URI", "PROT", "port", "JWTSECRET") == 5)
        #expect(warned("HOST", "JWT_SECRET", "HOSTNAME", "DATABASE", "POSTGRES_PASSWORD", "PORTAL", "PATH") == 0)
        #expect(SettingNames.distance("PROT", "PORT") == 1 && SettingNames.distance("", "AB") == 2)
    }
}
