public import Logging

/// Looks at everything that a server needs from its machine, and says what is wrong and what to do. Changes nothing.
public enum Doctor {
    /// - Parameter report: is called with each finding as soon as it is there.
    public static func examine(
        _ configuration: ServerConfiguration, logger: Logger, report: (Finding) -> Void
    ) async {
        let settings = configuration.warnings.map {
            Finding.warning("settings", $0, do: "correct the name, or remove the setting")
        }
        for finding in settings.isEmpty ? [.fine("settings", "all are known")] : settings { report(finding) }
        for finding in StorageCheck.findings(configuration) { report(finding) }
        for finding in await ObjectStoreCheck.findings(configuration, logger: logger) { report(finding) }
        report(descriptors(Descriptors.raisingLimit()))
        for finding in await DatabaseCheck.findings(configuration, logger: logger) { report(finding) }
        for finding in await BusCheck.findings(configuration) { report(finding) }
        for finding in await DecoderCheck.findings(configuration, logger: logger) { report(finding) }
        for finding in await AddressCheck.findings(configuration) { report(finding) }
        for finding in await PackageCheck.findings() { report(finding) }
    }

    static func descriptors(_ descriptors: Descriptors) -> Finding {
        let topic = "open files"
        let text = "\(descriptors.limit) at most, \(descriptors.forConnections) of them connections"
        guard descriptors.forConnections < 1024 else { return .fine(topic, text) }
        return .warning(
            topic, text, do: "raise the hard limit: LimitNOFILE= of systemd, --ulimit nofile= of Docker, ulimit -Hn")
    }
}
