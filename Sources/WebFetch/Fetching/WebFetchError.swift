/// Why nothing was fetched. For the log and for tests; nobody else is told, because that would tell what is in the network.
package enum WebFetchError: Error, Equatable {
    /// The address, or one to which it leads, is not one that the server asks for.
    case refusedAddress
    case tooManyRedirects
    /// The answer was no success.
    case status(Int)
    case wrongType(String)
    case tooLarge
    case timedOut
}
