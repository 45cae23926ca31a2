import Core
import Foundation
import Logging
import Router

// The router alone, for Benchmarks/router.py: `RouterBench PORT UPSTREAM-PORT FOLDER [CERTIFICATES TLS-PORT]`. The host
// app.localhost leads to the upstream, site.localhost to the files of the folder; one worker. BERTH_ACCESS_LOG names a log.

let arguments = CommandLine.arguments
guard arguments.count >= 4, let port = Int(arguments[1]), let upstream = Int(arguments[2]) else {
    FileHandle.standardError.write(
        Data("usage: RouterBench PORT UPSTREAM-PORT FOLDER [CERTIFICATES TLS-PORT]\n".utf8))
    exit(2)
}
let folder = arguments[3]
var configuration = RouterConfiguration()
configuration.port = port
configuration.workers = 1
configuration.accessLog = ProcessInfo.processInfo.environment["BERTH_ACCESS_LOG"]
if arguments.count > 5, let securePort = Int(arguments[5]) {
    configuration.secure = .init(host: "127.0.0.1", port: securePort, certificates: arguments[4])
}
var files: [StaticSite.Name: StaticSite.File] = [:]
for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
    let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
    let size = attributes[.size] as? Int ?? 0
    files[.init(name)] = .init(
        path: name, mediaType: "text/plain", etag: "\"\(name)-\(size)\"", size: size, modified: 784_111_777)
}
let routes = RouteTableBox()
routes.publish([
    "app.localhost": .instance(.init(id: ID(), host: "127.0.0.1", port: upstream)),
    "site.localhost": .site(release: ID(), StaticSite(root: folder, files: files)),
])
var logger = Logger(label: "bench")
logger.logLevel = .error
let service = ProxyService(configuration: configuration, routes: routes, logger: logger)
try await service.start()
try await Task.sleep(for: .seconds(86_400))
