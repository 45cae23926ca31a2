import ServerTestSupport
import Testing

/// A node app with a volume. Two versions of it never run at once.
enum VolumeApp {
    /// Each start adds the version to a file of the volume, which `/file` shows.
    static func server(_ version: String) -> String {
        """
        const fs = require('fs');
        fs.appendFileSync('data/file', '\(version)\\n');
        require('http').createServer((request, response) => {
            response.end(request.url === '/file' ? fs.readFileSync('data/file') : '\(version)');
        }).listen(process.env.PORT);
        """
    }
}

extension Project {
    /// Writes the app's files for a version and commits them.
    /// - Parameter exits: the version's process ends at once.
    @discardableResult
    func commitVolumeApp(_ version: String, exits: Bool = false) async throws -> String {
        try write("berth.yaml", "volumes: data\n")
        try write("package.json", NodeApp.package)
        try write("server.js", exits ? "process.exit(3); // \(version)\n" : VolumeApp.server(version))
        return try await commit(version)
    }

    /// The volume has been there from the first version on, and the one that is served was started last.
    func expectVolume(_ served: String, _ what: String) async throws {
        let started = try await get("/file").text.split(separator: "\n")
        #expect(started.first == "v0" && started.last.map(String.init) == served, "\(what): \(started)")
    }
}
