import Hummingbird

/// Where a page's cookies are: their path, and their names. Browsers send a host's cookies to every port of it, so the
/// port is part of a name; otherwise two servers on one host would overwrite each other's. Two servers on one port are
/// told apart by their cookies' paths.
///
/// Versions before 0.2.0 put no port into the names. Such a cookie is read where there is no newer one.
struct CookieJar: Sendable {
    let basePath: BasePath

    func value(of name: String, in request: Request, _ context: RequestEnvironment) -> String? {
        request.cookies[Self.name(name, context)]?.value ?? request.cookies[name]?.value
    }

    func set(
        _ name: String, to value: String, maxAge: Int, on response: inout Response, _ context: RequestEnvironment
    ) {
        response.setCookie(cookie(Self.name(name, context), value, maxAge, context))
    }

    /// Removes the cookie that was read.
    func clear(_ name: String, of request: Request, on response: inout Response, _ context: RequestEnvironment) {
        response.setCookie(cookie(Self.name(name, context), "", 0, context))
        clearOld(name, of: request, on: &response, context)
    }

    /// Removes the cookie of an older version, if that was read. Otherwise it may be another server's.
    func clearOld(_ name: String, of request: Request, on response: inout Response, _ context: RequestEnvironment) {
        let current = Self.name(name, context)
        guard current != name, request.cookies[current] == nil, request.cookies[name] != nil else { return }
        response.setCookie(cookie(name, "", 0, context))
    }

    private func cookie(_ name: String, _ value: String, _ maxAge: Int, _ context: RequestEnvironment) -> Cookie {
        Cookie(
            name: name, value: value, maxAge: maxAge, path: "\(basePath.text)/auth", secure: context.isSecure,
            httpOnly: true, sameSite: .strict)
    }

    private static func name(_ name: String, _ context: RequestEnvironment) -> String {
        context.port.map { "\(name)_\($0)" } ?? name
    }
}
