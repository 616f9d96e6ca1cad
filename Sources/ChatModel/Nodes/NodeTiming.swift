/// How long servers wait for each other.
public enum NodeTiming {
    /// How often a server says that it lives.
    public static let renewal: Duration = .seconds(5)
    /// Who did not say so for that long is dead.
    public static let death: Duration = .seconds(15)
}
