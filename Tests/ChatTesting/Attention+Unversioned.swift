package import ChatModel

extension Attention {
    /// The settings alone: their version depends on what else the database does.
    package var unversioned: Attention {
        var settings = self
        settings.version = 0
        return settings
    }
}
