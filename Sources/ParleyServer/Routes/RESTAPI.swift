import Chat
import Hummingbird
import NIOCore

/// The REST half of the API: all its routes, and what every request passes on its way to one.
struct RESTAPI {
    private let configuration: ServerConfiguration
    private let policy: ClientPolicy
    private let tokens: AccessTokens

    private let health: HealthRoutes
    private let auth: AuthRoutes
    private let users: UserRoutes
    private let conversations: ConversationRoutes
    private let messages: MessageRoutes
    private let uploads: UploadRoutes

    init(
        _ chat: Chat, _ configuration: ServerConfiguration, _ secrets: Secrets, _ policy: ClientPolicy,
        tokens: AccessTokens, readiness: Readiness, database: DatabaseProbe, sharedLimits: SharedLimits
    ) {
        self.configuration = configuration
        self.policy = policy
        self.tokens = tokens
        health = HealthRoutes(
            database: database, storageDirectory: configuration.storageDirectory, readiness: readiness,
            nodes: chat.nodes, openAPI: ByteBuffer(bytes: PackageResources.openapi_yaml))
        let jar = CookieJar(basePath: configuration.basePath)
        auth = AuthRoutes(
            accounts: chat.accounts, people: chat.people, tokens: tokens, cookie: RefreshCookie(jar: jar),
            devices: DeviceCookie(secret: secrets.current, previous: secrets.previous, jar: jar),
            limits: LogInLimits(limits: policy.limits, shared: sharedLimits))
        users = UserRoutes(people: chat.people, blocks: chat.blocks)
        conversations = ConversationRoutes(
            conversations: chat.conversations, attention: chat.attention, messages: chat.messages)
        let embeddable = !configuration.corsOrigins.isEmpty
        messages = MessageRoutes(messages: chat.messages, uploads: chat.uploads, embeddable: embeddable)
        uploads = UploadRoutes(
            uploads: chat.uploads,
            tus: TusRoutes(
                uploads: chat.resumableUploads, maxBytes: configuration.maxUploadBytes,
                basePath: configuration.basePath),
            draft: DraftRoutes(
                uploads: chat.resumableUploads, finished: chat.uploads, maxBytes: configuration.maxUploadBytes,
                basePath: configuration.basePath),
            embeddable: embeddable)
    }

    /// What requests are bound to: every route of openapi.yaml.
    static let routes: [Route] =
        HealthRoutes.endpoints.map(\.route) + AuthRoutes.endpoints.map(\.route) + UserRoutes.endpoints.map(\.route)
        + ConversationRoutes.endpoints.map(\.route) + MessageRoutes.endpoints.map(\.route)
        + UploadRoutes.endpoints.map(\.route)

    /// - Parameter web: Answers where no route does.
    func router(web: WebClient) -> Router<RequestEnvironment> {
        let router = Router(context: RequestEnvironment.self)
        router.addMiddleware {
            HeadRequests()
            Provenance(
                proxies: policy.proxies, origins: policy.origins,
                strictTransportSeconds: configuration.strictTransportSeconds)
            CrossOrigin(policy: policy.origins)
            TusVersion()
            CompressedAnswers()
            ProblemMiddleware()
            WebClientMiddleware(client: web)
            RequestAdmission(Self.routes, tokens: tokens, limits: policy.limits)
        }
        router.register(health)
        router.register(auth)
        router.register(users)
        router.register(conversations)
        router.register(messages)
        router.register(uploads)
        SocketClientRoutes().register(on: router)
        return router
    }
}
