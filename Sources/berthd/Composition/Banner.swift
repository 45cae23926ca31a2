import Core

/// What the server says when it is ready.
struct Banner {
    let address: PublicAddress
    /// The first user and its token, on the first start only: it is shown once.
    let firstUser: (name: String, token: String)?
    let took: Duration

    var text: String {
        let milliseconds =
            took.components.seconds * 1000 + took.components.attoseconds / 1_000_000_000_000_000
        var text = """
            Berth \(BerthVersion.text) is ready after \(milliseconds) ms.

              dashboard  \(address.url(host: address.domain))
              API        \(address.url(host: address.apiHost))
              git        \(address.url(host: address.gitHost))

            """
        guard let firstUser else { return text }
        let user = firstUser.name
        let port = address.port.map { ":\($0)" } ?? ""
        let git = "\(address.scheme)://\(user):$T@\(address.gitHost)\(port)"
        text += """

              user       \(user)
              token      \(firstUser.token)   (shown once)

            Next, in a repository with an index.html:

              T=\(firstUser.token)
              curl -sX POST \(address.url(host: address.apiHost))/apps -H "Authorization: Bearer $T" -H 'Content-Type: application/json' -d '{"name":"my-site","template":"static"}'
              git push \(git)/\(user)/my-site.git HEAD:master
              curl \(address.url(host: "my-site-\(user).\(address.domain)"))/

            """
        return text
    }
}
