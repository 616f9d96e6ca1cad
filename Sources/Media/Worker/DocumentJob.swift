internal import Glibc

/// Draws a PDF's first page as its thumbnails. Runs in a worker.
///
/// Everybody gets the received bytes, whatever comes of the drawing: a document is for its readers as it is.
struct DocumentJob {
    let job: WorkerJob
    let host: JobHost

    func run() throws -> ProcessedMedia {
        var media = ProcessedMedia.plainFile(type: job.type)
        guard job.tools.pdftoppm != nil else { return media }
        let page = job.output(".page")
        defer { unlink("\(page).png") }
        // A page of any size becomes a picture of this one, so its memory is bounded. An encrypted document fails here.
        let arguments = [
            "-q", "-f", "1", "-l", "1", "-singlefile", "-scale-to", "\(ThumbnailSize.large.maxEdge)", "-png", job.input,
            page,
        ]
        guard try host.run(.pdftoppm, arguments) == 0 else { return media }
        try ThumbnailMaker(job: job).illustrate(&media, "\(page).png", convertColors: false, animated: false)
        return media
    }
}
