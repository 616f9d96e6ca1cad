import Logging
import ObjectStorage

/// The object store: whether it answers, and accepts the keys.
enum ObjectStoreCheck {
    static func findings(_ configuration: ServerConfiguration, logger: Logger) async -> [Finding] {
        guard let settings = configuration.objectStore else { return [] }
        let topic = "object store"
        let store = ObjectStore(settings, logger: logger)
        let finding: Finding
        let began = ContinuousClock.now
        do {
            try await store.check()
            finding = .fine(topic, "\(settings.name) answers in \(began.duration(to: .now) / .milliseconds(1)) ms")
        } catch let error as ObjectStoreError {
            finding = Self.finding(error, topic, settings.name)
        } catch {
            finding = .error(topic, "\(error)", do: "try again")
        }
        await store.shutdown()
        return [finding]
    }

    static func finding(_ error: ObjectStoreError, _ topic: String, _ name: String) -> Finding {
        switch error.code {
        case .noBucket: .error(topic, "there is no \(name)", do: "make the bucket, or correct S3_BUCKET")
        case .refused:
            .error(
                topic, "\(name) refuses this server: \(error.detail)",
                do:
                    "correct S3_ACCESS_KEY, S3_SECRET_KEY and S3_REGION; give the key the rights to list, read, write and delete"
            )
        case .unavailable:
            .error(topic, "\(name) does not answer: \(error.detail)", do: "start it, or correct S3_ENDPOINT")
        case .notFound, .rejected, .malformed:
            .error(topic, "\(name): \(error.detail)", do: "correct S3_ENDPOINT: an S3-compatible store")
        }
    }
}
