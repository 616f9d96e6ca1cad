/// The version of the program, as `--version`, `/health`, the log, the metrics, openapi.yaml and CHANGELOG.md say it.
public enum Version {
    public static let current = "0.2.0"
}
