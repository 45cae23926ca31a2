import Core

/// The folders of a release: `<releases>/<release id>/files`, and beside the files the site's manifest.
struct ReleaseLayout: Sendable {
    let releases: String

    func folder(_ release: ID<Release>) -> String { "\(releases)/\(release)" }
    func files(_ release: ID<Release>) -> String { "\(releases)/\(release)/files" }
}
