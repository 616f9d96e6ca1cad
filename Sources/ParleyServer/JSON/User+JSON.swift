import ChatModel

extension User: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("username", username)
            json.field("displayName", displayName)
            json.field("about", about)
            if let avatar { json.field("avatar", avatar) }
            json.field("createdAt", createdAt)
            json.field("status", status?.rawValue)
            json.field("lastSeenAt", lastSeenAt)
            if isClosed { json.field("closed", true) }
            if let statusMessage { json.field("statusMessage", statusMessage) }
            if let doNotDisturb { json.field("doNotDisturb", doNotDisturb) }
            json.field("mutedUntil", mutedUntil)
        }
    }
}

extension StatusMessage: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("text", text)
            json.field("emoji", emoji)
            json.field("until", until)
        }
    }
}

extension DoNotDisturb: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("until", until)
            if let hours { json.field("hours", hours) }
        }
    }
}

extension DoNotDisturb.Hours: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("from", Self.clock(from))
            json.field("to", Self.clock(to))
            json.field("timeZone", timeZone)
        }
    }

    /// `22:30`
    private static func clock(_ minutes: Int) -> String { "\(twoDigits(minutes / 60)):\(twoDigits(minutes % 60))" }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension Sender: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("username", username)
            json.field("displayName", displayName)
        }
    }
}

/// One of the caller's devices.
extension Session: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("createdAt", createdAt)
            json.field("lastUsedAt", lastUsedAt)
            json.field("userAgent", userAgent)
            json.field("current", current)
        }
    }
}

/// What somebody gets who has just signed in.
struct SignInAnswer: JSONWritable {
    var user: User
    var accessToken: String
    /// Seconds.
    var expiresIn: Int
    /// nil where it is in the cookie.
    var refreshToken: String?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("user", user)
            json.field("accessToken", accessToken)
            json.field("expiresIn", expiresIn)
            json.field("refreshToken", refreshToken)
        }
    }
}
