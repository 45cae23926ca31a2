import Foundation
import Git
import Postgres
import Store

/// The C libraries that this program is linked with. It would not run without them; what counts is the version.
enum Libraries {
    struct Library {
        let name: String
        let version: String
        let package: String
    }

    static var linked: [Library] {
        [
            Library(name: "libgit2", version: GitLibrary.version, package: "libgit2-dev"),
            Library(name: "libpq", version: PostgresLibrary.version, package: "libpq-dev"),
            Library(name: "sqlite3", version: StoreLibrary.version, package: "libsqlite3-dev"),
        ]
    }
}
