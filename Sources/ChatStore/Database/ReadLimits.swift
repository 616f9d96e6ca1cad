/// The limits of reads whose cost grows with what is stored.
package struct ReadLimits: Sendable {
    package let searching = ReadingLine(
        maxWaiting: 8, advice: "the search took too long; look for something more particular")
    package let listing = ReadingLine(maxWaiting: 200, advice: "this took too long; try again")

    package init() {}
}
