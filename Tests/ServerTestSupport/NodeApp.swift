/// A node app without dependencies: answers its version, and a few questions about itself.
package enum NodeApp {
    package static let package = #"{"name":"app","version":"1.0.0","scripts":{"start":"node server.js"}}"#

    /// `/` the version, `/env` the environment as JSON, `/boot` a value made once per process, `POST /sql` what psql says.
    /// `delay`: milliseconds before it listens.
    package static func server(version: String, delay: Int = 0) -> String {
        """
        const http = require('http');
        const { execFile } = require('child_process');
        const boot = require('crypto').randomUUID();
        const server = http.createServer((request, response) => {
            if (request.url === '/env') return response.end(JSON.stringify(process.env));
            if (request.url === '/boot') return response.end(boot);
            if (request.url === '/sql') {
                let sql = '';
                request.on('data', (part) => { sql += part; });
                request.on('end', () => {
                    const arguments = ['-X', '-q', '-t', '-A', '-v', 'ON_ERROR_STOP=1', '-c', sql, process.env.DATABASE_URL];
                    execFile('psql', arguments, (error, output, errors) => {
                        response.statusCode = error ? 500 : 200;
                        response.end(error ? errors : output);
                    });
                });
                return;
            }
            response.end('\(version)');
        });
        setTimeout(() => server.listen(process.env.PORT), \(delay));
        """
    }
}

extension Project {
    /// Writes the app's files for a version and commits them.
    @discardableResult
    package func commitNode(_ version: String, delay: Int = 0) async throws -> String {
        try write("package.json", NodeApp.package)
        try write("server.js", NodeApp.server(version: version, delay: delay))
        return try await commit(version)
    }
}
