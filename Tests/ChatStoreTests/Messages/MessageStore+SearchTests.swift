import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct MessageStoreSearchTests {
    /// What somebody wrote, and searches that find it.
    private static let found: [(String, [String])] = [
        ("Hello, World!", ["hello", "WORLD", "hello world", "world hello", "\"hello world\"", "wor", "hel", "h"]),
        ("don't stop", ["don't", "don’t", "\"don't stop\""]), ("it’s rock’n’roll", ["it's", "rock'n'roll", "roll"]),
        // Accents, case, compatibility.
        ("un café noir", ["cafe", "CAFÉ", "cafe\u{301}", "Café noir"]), ("cafe", ["café", "CAFÉ"]),
        ("cafe\u{301}", ["café", "cafe"]), ("Straße 7", ["strasse", "STRASSE", "straße", "STRAẞE"]),
        ("STRASSE", ["straße"]), ("Łódź", ["lodz", "łódź", "ŁÓDŹ"]), ("Ærøskøbing", ["aeroskobing", "ærøskøbing"]),
        ("cœur naïf", ["coeur naif", "cœur"]), ("İstanbul ısındı", ["istanbul", "isindi", "ISINDI"]),
        ("ΟΔΟΣ", ["οδος", "οδοσ"]), ("καφές", ["καφες", "ΚΑΦΈΣ"]), ("Ёлка и йод", ["елка", "ёлка", "иод", "ЙОД"]),
        ("đường phố", ["duong pho", "đường"]), ("ﬁnd ﬂow", ["find", "flow"]), ("Ｔｅｓｔ１２３", ["test123"]),
        ("ｶﾞｲﾄﾞ", ["ガイド"]), ("x² + y²", ["x2", "y2"]), ("5 ㎏", ["kg", "5 kg"]), ("№ 5", ["no 5"]),
        ("½ cup", ["1/2", "½"]), ("Ⅷ", ["viii"]), ("zero\u{200B}width so\u{AD}ft", ["zerowidth", "soft"]),
        ("non\u{A0}breaking", ["breaking", "non breaking"]), ("שָׁלוֹם", ["שלום"]), ("مُحَمَّد", ["محمد"]),
        ("٢٠٢٦", ["2026"]), ("یک کتاب", ["كتاب", "يك"]), ("می‌خواهم", ["میخواهم", "می‌خواهم"]), ("𝓗𝓮𝓵𝓵𝓸", ["hello"]),
        ("हिन्दी में", ["हिन्दी", "में"]), ("தமிழ் மொழி", ["தமிழ்"]),
        // Words inside other things.
        ("see docs.example.org", ["docs", "example", "org", "docs.example", "example.org", "docs.exam"]),
        ("mail j.smith@example.org now", ["smith", "example", "j.smith", "j.smith@example.org", "@example.org"]),
        ("in /usr/local/lib/foo.txt", ["usr", "local/lib", "foo.txt", "foo", "/usr/local", "txt"]),
        ("C:\\Users\\Ana\\report.docx", ["report", "users", "report.docx", "Users\\Ana"]),
        ("my_file_name-v2.tar.gz", ["file", "my_file_name", "v2", "tar.gz", "name-v2"]),
        ("call foo(bar, baz[3])", ["bar", "foo(bar", "baz[3]", "baz 3"]), ("a.b.c.d = 1", ["a.b.c", "c.d"]),
        ("std::vector<int>", ["vector", "std::vector", "int"]), ("key=value&x=y", ["value", "key=value"]),
        ("we won 3-5", ["3-5", "3", "5", "\"3-5\"", "3−5", "3–5"]),
        ("on 2026-11-29", ["2026-11-29", "2026", "2026-11", "29"]),
        ("am 29.11.2026 um 10:30", ["29.11.2026", "10:30", "29.11", "10:3"]), ("11/29/2026", ["11/29", "2026"]),
        ("costs 1,234.50", ["1,234.50", "1234.50 or 1,234", "50"]), ("+49 170 1234567", ["1234567", "+49", "+49 170"]),
        ("192.168.0.1", ["192.168.0.1", "192.168", "168"]), ("v1.2.3-rc1", ["v1.2", "1.2.3 or v1.2.3", "rc1"]),
        ("1e5 12e3abc", ["1e5", "12e3abc", "12e3a"]), ("deadbeef 007", ["007", "dead"]),
        ("#general @ana", ["general", "#general", "@ana", "ana"]),
        ("e.g. this/that", ["that", "this", "e.g."]), ("R&D AT&T", ["r&d", "AT&T"]), ("O'Neil", ["o'neil", "neil"]),
        ("well-known co-op", ["known", "well-known", "\"co-op\"", "coop or co-op"]), ("word…other", ["other", "word"]),
        ("“quoted” «words»", ["quoted", "words", "«words»"]), ("end.Next", ["next", "end"]), ("a,b;c", ["b", "c"]),
        (
            "https://example.org/a_b/c?d=e+f&g=h%20i#j",
            ["https://example.org/a_b/c?d=e+f&g=h%20i#j", "example.org/a_b", "https://example.org", "\"d=e+f\""]
        ),
        (
            "look: https://en.wikipedia.org/wiki/Zürich_(Stadt)?x=1.",
            ["https://en.wikipedia.org/wiki/Zürich_(Stadt)?x=1"]
        ),
        ("<https://x.org/>", ["https://x.org/", "https://x.org"]), ("[a](https://x.org/b)", ["https://x.org/b"]),
        ("**bold** and `code()`", ["bold", "code", "`code()`"]), ("tab\there\nline", ["here", "line", "tab here"]),
        // Scripts without blanks.
        ("東京都に行きたい", ["東京", "京都", "都に", "東京都", "東京都に行", "行きたい", "京", "い", "た"]),
        ("我们明天开会", ["明天", "开会", "天开", "明天开会", "会", "我"]), ("今天(星期日)", ["星期", "今天"]),
        ("カタカナとひらがな", ["カタ", "ひらがな", "とひ", "ナ"]), ("スーパー", ["スーパー", "ーパ"]),
        ("ภาษาไทยง่าย", ["ไทย", "ภาษา", "ง่าย", "ษา"]), ("ພາສາລາວ", ["ລາວ", "ພາສາ"]), ("ភាសាខ្មែរ", ["ខ្មែរ", "សា"]),
        ("မြန်မာဘာသာ", ["မြန်မာ", "ဘာသာ"]), ("한국어에서 회의", ["한국", "국어", "한국어", "회의", "에서", "의"]),
        ("iPhone15手机壳", ["手机", "iphone15", "机壳", "iPhone15手机", "iph"]), ("3月5日", ["3月5日", "3月", "月", "5日"]),
        ("買了iPad，很好", ["ipad", "很好", "買了"]), ("第１章", ["第1章", "1", "第"]), ("C++入门", ["入门", "C++", "c++入门"]),
        ("漢字 and 仮名", ["漢字 and", "\"漢字 and\"", "\"and 仮名\"", "仮名"]),
        // Symbols and emoji.
        ("C++ and C#, F#", ["C++", "C#", "c++", "F#", "#", "c"]), ("€5 or $7 or £9", ["€5", "$7", "£9", "5", "€"]),
        ("👍🏽 ok", ["👍", "👍🏽", "👍🏿", "ok", "👍 ok"]), ("❤️", ["❤", "❤️"]), ("❤", ["❤️"]), ("yes👍yes", ["👍", "yes"]),
        ("👨‍👩‍👧 family", ["👨‍👩‍👧"]), ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]), ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", ["🏴󠁧󠁢󠁳󠁣󠁴󠁿"]), ("1️⃣ first", ["1️⃣", "1"]),
        ("20 °C → 68 °F", ["°C", "→", "20 °c"]), ("a ≤ b ≠ c ∞", ["≤", "∞", "≠"]),
        ("© 2026 Parley™", ["©", "parley", "™"]),
        ("x => y", ["=>", "x => y"]), ("2 + 2 = 4", ["2 + 2", "+", "= 4"]), ("~5", ["~5", "5"]),
        ("✅ done ☑", ["✅", "☑", "done"]),
        ("🙂", ["🙂"]), ("½ € ½", ["€"]), ("<3", ["<3", "3"]), ("♥", ["♥"]), ("🧑‍💻", ["🧑‍💻", "💻"]),
        // The language of searches.
        ("red apple", ["red -green", "apple or pear", "pear or red", "\"red app", "-green red", "red OR x y"]),
        ("orange order", ["or", "ora", "order or"]),
        ("see you tomorrow", ["you tom", "\"see you\" tom", "tomorrow see"]),
    ]

    /// What somebody wrote, and searches that do not find it.
    private static let missed: [(String, [String])] = [
        (
            "red apple",
            ["red -apple", "apples", "pple", "\"apple red\"", "green or pear", "\"red appl\"", "ap le", "re apple"]
        ),
        ("see docs.example.org", ["docs.org", "\"example docs\"", "xample"]), ("C# only", ["C++", "C+"]),
        ("C", ["C++", "C#"]),
        ("🇫🇷🇩🇪", ["🇷🇩"]), ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", ["🏴󠁧󠁢󠁳󠁣󠁴󠁿"]), ("5", ["€5", "$"]), ("東京に京都", ["東京都", "都東"]), ("か", ["が"]),
        ("2026-11-29", ["2026-29", "11-2026"]), ("35", ["3-5"]), ("👍", ["👎", "❤"]),
        ("hello world", ["hello -wor -world"]),
    ]

    private func send(_ texts: [String], _ database: TestDatabase) async throws -> (UserID, [MessageID: String]) {
        let ana = try await database.person()
        let group = try await database.group(ana)
        var messages: [MessageID: String] = [:]
        for text in texts { messages[try await database.message(text, from: ana, to: group).id] = text }
        return (ana, messages)
    }

    private func search(
        _ text: String, _ user: UserID, in conversation: ConversationID? = nil, before: MessageID? = nil,
        limit: Int = 500, _ database: TestDatabase
    ) async throws -> [Message] {
        let store = database.stores.messages
        guard let condition = try await store.condition(SearchQuery(text)) else { return [] }
        return try await store.search(condition, user: user, conversation: conversation, before: before, limit: limit)
    }

    @Test func findsWhatPeopleSee() async throws {
        try await TestDatabase.run { database in
            let (ana, _) = try await send(Self.found.map(\.0), database)
            for (text, queries) in Self.found {
                for query in queries {
                    let found = try await search(query, ana, database).map(\.text)
                    #expect(found.contains(text), "\(query) finds \(text), not only \(found)")
                }
            }
        }
    }

    @Test func findsNothingElse() async throws {
        try await TestDatabase.run { database in
            let (ana, _) = try await send(Self.missed.map(\.0), database)
            for (text, queries) in Self.missed {
                for query in queries {
                    let found = try await search(query, ana, database).map(\.text)
                    #expect(!found.contains(text), "\(query) does not find \(text)")
                }
            }
        }
    }

    @Test func findsInTheUsersConversationsOnly() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let (shared, secret) = (try await database.group(ana, bo), try await database.group(bo))
            let first = try await database.message("green apples", from: bo, to: shared)
            let second = try await database.message("red apples", from: ana, to: shared)
            let hidden = try await database.message("apples elsewhere", from: bo, to: secret)
            let gone = try await database.message("rotten apples", from: bo, to: shared)
            try await database.deleteMessage(gone.id, by: bo)
            func found(_ text: String, _ user: UserID, _ conversation: ConversationID? = nil) async throws
                -> [MessageID]
            {
                try await search(text, user, in: conversation, database).map(\.id)
            }
            #expect(try await found("apples", ana) == [second.id, first.id])
            #expect(try await found("apples", bo) == [hidden.id, second.id, first.id])
            #expect(try await found("apples", bo, secret) == [hidden.id])
            #expect(try await found("apples -red", ana) == [first.id])
            #expect(try await found("apples", ana, secret) == [])
        }
    }

    @Test(arguments: ["", "-apples", "!!!", "a or -b", "…", "\u{301}", "\u{200B}"])
    func aSearchWithoutAWordIsNone(text: String) async throws {
        try await TestDatabase.run { database in
            let condition = try await database.stores.messages.condition(SearchQuery(text))
            #expect(condition == nil)
        }
    }

    /// Every way to find them gives the same pages.
    @Test func pagesShowEachMatchOnceNewestFirst() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let groups = [try await database.group(ana, bo), try await database.group(bo, ana)]
            let other = try await database.group(bo)
            var sent: [Message] = []
            for number in 1...60 {
                // The more often a word is in a message, the better a match would it be for a ranking.
                let text = String(repeating: "needle ", count: 1 + number * 7 % 5) + "hay \(number)"
                sent.append(try await database.message(text, from: bo, to: groups[number % 2]))
                try await database.message("needle of others", from: bo, to: other)
            }
            let newest = sent.map(\.id).reversed()
            for text in ["needle", "need", "needle hay", "\"needle hay\"", "needle -others", "needle or pin"] {
                #expect(try await pages(text, ana, nil, database).elementsEqual(newest), "\(text)")
            }
            for group in groups {
                #expect(
                    try await pages("needle", ana, group, database)
                        == sent.filter { $0.conversationId == group }.map(\.id).reversed())
            }
            let store = database.stores.messages
            let condition = try #require(try await store.condition(SearchQuery("needle ha")))
            for way in MessageStore.SearchWay.allCases {
                for group in [nil, groups[0]] {
                    let all = try await store.search(
                        condition, by: way, user: ana, conversation: group, before: nil, limit: 100)
                    #expect(
                        all.map(\.id)
                            == newest.filter { id in
                                group == nil || sent.contains { $0.id == id && $0.conversationId == group }
                            }, "\(way)")
                    let rest = try await store.search(
                        condition, by: way, user: ana, conversation: group, before: all[9].id, limit: 100)
                    #expect(rest.map(\.id) == all.dropFirst(10).map(\.id), "\(way)")
                }
            }
        }
    }

    private func pages(
        _ text: String, _ user: UserID, _ conversation: ConversationID?, _ database: TestDatabase
    ) async throws -> [MessageID] {
        var all: [MessageID] = []
        while true {
            let page = try await search(text, user, in: conversation, before: all.last, limit: 7, database)
            all += page.map(\.id)
            if page.count < 7 || all.count > 200 { return all }
        }
    }

    @Test func aPageOfOneConversationMayBeginAfterAMessageOfAnother() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let (one, other) = (try await database.group(ana), try await database.group(ana))
            let first = try await database.message("word", from: ana, to: one)
            let between = try await database.message("word", from: ana, to: other)
            try await database.message("word", from: ana, to: one)
            #expect(try await search("word", ana, in: one, before: between.id, database).map(\.id) == [first.id])
            #expect(try await search("word", ana, in: one, before: .unknown, database) == [])
        }
    }

    @Test func whoeverWritesTheTextItIsFound() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let group = try await database.group(ana)
            let message = try await database.message("before", from: ana, to: group)
            func finds(_ text: String) async throws -> Bool { try await !search(text, ana, database).isEmpty }
            for server in ["on", "off"] {
                try await database.client.withTransaction { transaction in
                    _ = try await transaction.query("SELECT set_config('parley.server', \(server), true)")
                    _ = try await transaction.query(
                        "UPDATE messages SET text = \("written \(server)") WHERE id = \(message.id.uuid)")
                }
                #expect(try await finds("written \(server)"))
                #expect(try await !finds("before"))
            }
            _ = try await database.client.query(
                "UPDATE messages SET deleted_at = now() WHERE id = \(message.id.uuid)")
            #expect(try await !finds("written"))
            _ = try await database.client.query("UPDATE messages SET deleted_at = NULL WHERE id = \(message.id.uuid)")
            #expect(try await finds("written"))
        }
    }

    @Test func aModeratorsStatementThatChangesNothingIsNoChange() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let message = try await database.message("text", from: ana, to: try await database.group(ana))
            try await database.client.withTransaction { transaction in
                _ = try await transaction.query("SET LOCAL parley.server = 'off'")
                _ = try await transaction.query("UPDATE messages SET text = text WHERE id = \(message.id.uuid)")
            }
            #expect(try await database.stores.messages.find(message.id)?.revision == message.revision)
            #expect(try await search("text", ana, database).count == 1)
        }
    }

    @Test func namesOfFilesAreSearched() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let group = try await database.group(ana)
            let (one, other) = (try await database.upload(ana), try await database.upload(ana))
            _ = try await database.client.query(
                "UPDATE uploads SET name = 'Übersicht_2026.pdf' WHERE id = \(one.id.uuid)")
            let message = try await database.message(
                "the plan", from: ana, to: group, attachments: [one.id, other.id])
            func finds(_ text: String) async throws -> Bool {
                try await search(text, ana, database).map(\.id) == [message.id]
            }
            for text in ["ubersicht", "2026.pdf", "plan ubersicht", "file.bin", "bin", "plan"] {
                #expect(try await finds(text), "\(text)")
            }
            _ = try await database.client.query("UPDATE uploads SET removed_at = now() WHERE id = \(one.id.uuid)")
            #expect(try await !finds("ubersicht"), "its name is not shown any more")
            #expect(try await finds("file.bin"))
            _ = try await database.client.query("UPDATE uploads SET removed_at = NULL WHERE id = \(one.id.uuid)")
            #expect(try await finds("ubersicht"))
            _ = try await database.client.query("DELETE FROM attachments WHERE upload_id = \(one.id.uuid)")
            #expect(try await !finds("ubersicht"))
            let found = try await database.stores.messages.find(message.id)
            #expect(found?.revision == message.revision, "no change of the message")
        }
    }

    @Test func plainTextIsCutAsAllTextIs() async throws {
        try await TestDatabase.run { database in
            var random = SystemRandomNumberGenerator()
            let letters = Array("abcXYZ019eE .,!?:;'\"()\n")
            let texts = (0..<5000).map { _ in
                String(
                    (0..<Int.random(in: 1...20, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a"
                    })
            }
            let rows = try await database.client.query(
                """
                SELECT text FROM unnest(\(texts)) AS t (text) WHERE search_words(text) <> coalesce((
                    SELECT string_agg(word || ':' || n, ' ') FROM unnest(search_cut(text)) WITH ORDINALITY w (word, n)),
                    '')::tsvector
                """)
            #expect(try rows.map { try $0.decode("text", as: String.self) } == [])
        }
    }

    @Test func noTextTakesLong() async throws {
        try await TestDatabase.run { database in
            for text in [
                String(repeating: "\u{301}\u{327}", count: 4000), String(repeating: "\u{E48}\u{3099}", count: 4000),
                String(repeating: "漢字", count: 4000), String(repeating: "👍", count: 8000),
                String(repeating: "x", count: 8000), String(repeating: "é", count: 8000),
                String(repeating: "+", count: 8000), String(repeating: "a.", count: 4000),
            ] {
                let rows = try await database.client.query("SELECT length(search_words(\(text))) AS words")
                #expect(try rows.first?.decode("words", as: Int.self) ?? -1 >= 0)
            }
        }
    }
}
