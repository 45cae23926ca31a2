import ArgumentParser

/// Where the state is; for every command that works on it.
struct DataFlags: ParsableArguments {
    @Option(help: "Folder that holds all state. (default: /var/lib/berth)")
    var data: String?

    @Option(
        name: .customLong("config"), help: "Configuration file. (default: /etc/berth/config.yaml, when it is there)")
    var configurationFile: String?

    @Option(help: "Folder in memory for what must not lie on a disk in clear. (default: /run/berth/<installation>)")
    var runtimeDirectory: String?

    var values: [String: String] {
        ["data": data, "runtime-directory": runtimeDirectory].compactMapValues { $0 }
    }
}

/// The server's settings as flags. One that is not given leaves the decision to the variable, the file, the default.
struct ServeFlags: ParsableArguments {
    @Option(help: "The platform's domain. (default: localhost)")
    var domain: String?

    @Option(help: "Address and port to listen on. (default: 127.0.0.1:8080)")
    var listen: String?

    @Option(name: .customLong("public-url"), help: "How the world reaches the domain, when not by http and that port.")
    var publicURL: String?

    @Option(help: "Name of the user that the first start makes. (default: admin)")
    var firstUser: String?

    @Option(help: "own, off, or the URL of an admin connection. (default: own)")
    var postgres: String?

    @Option(help: "Extensions that every user's database gets, in schema public: citext,pgcrypto. (default: none)")
    var postgresExtensions: String?

    @Option(help: "IPv4 range of the containers. (default: 10.210.0.0/16)")
    var subnet: String?

    @Option(help: "Name of the containers' bridge.")
    var bridge: String?

    @Option(help: "Folder of more templates.")
    var templates: String?

    @Option(name: .customLong("tls-listen"), help: "Address and port for TLS, with tls-certificates.")
    var tlsListen: String?

    @Option(
        name: .customLong("tls-certificates"),
        help: "Folder of certificates: NAME.crt (chain) with NAME.key; default.crt answers unknown names.")
    var tlsCertificates: String?

    @Option(
        name: .customLong("https-redirect"), help: "true sends clients of the plain port to https. (default: false)")
    var httpsRedirect: Bool?

    @Option(name: .customLong("hsts-seconds"), help: "max-age of Strict-Transport-Security over TLS. (default: none)")
    var hstsSeconds: Int?

    @Option(help: "Further routes: HOST=http://HOST:PORT or HOST=unix:/PATH, separated by commas.")
    var routes: String?

    @Option(help: "IP ranges of proxies whose forwarding headers are believed, separated by commas.")
    var trustedProxies: String?

    @Option(help: "true expects a PROXY protocol header on each connection. (default: false)")
    var proxyProtocol: Bool?

    @Option(help: "Event-loop threads of the router. (default: one a core)")
    var workers: Int?

    @Option(help: "Seconds that open requests and running deploys get at shutdown. (default: 30)")
    var shutdownSeconds: Int?

    @Option(help: "Seconds that open requests get on a replaced version. (default: 30)")
    var drainSeconds: Int?

    @Option(
        help:
            "Seconds that a new version of an app that is being asked is looked at before the old one goes. (default: 3)"
    )
    var watchSeconds: Int?

    @Option(help: "Folder of programs that are run around pushes and deploys. (default: /etc/berth/hooks)")
    var hooks: String?

    @Option(
        help: "Builds that run at the same time, and one more for users with none. (default: one a core, at least 2)")
    var buildSlots: Int?

    @Option(help: "Seconds between two looks for what got lost, such as containers. (default: 30)")
    var reconcileSeconds: Int?

    @Option(help: "Seconds between two rounds of maintenance of the repositories. (default: 3600)")
    var maintenanceSeconds: Int?

    @Option(help: "MiB that an instance may use. (default: 512)")
    var instanceMemory: Int?

    @Option(help: "trace, debug, info, notice, warning or error. (default: info)")
    var logLevel: String?

    @OptionGroup(title: "Limits of the router")
    var limits: LimitFlags

    @OptionGroup(title: "Apps' share of the machine")
    var shares: ShareFlags

    var values: [String: String] {
        general.merging(networking) { $1 }.merging(limits.values) { $1 }.merging(shares.values) { $1 }
    }

    private var general: [String: String] {
        let texts = [
            "domain": domain, "public-url": publicURL, "first-user": firstUser, "postgres": postgres,
            "postgres-extensions": postgresExtensions, "templates": templates, "log-level": logLevel,
            "hooks": hooks,
        ]
        let numbers = [
            "shutdown-seconds": shutdownSeconds, "drain-seconds": drainSeconds, "instance-memory": instanceMemory,
            "watch-seconds": watchSeconds, "build-slots": buildSlots,
            "reconcile-seconds": reconcileSeconds, "maintenance-seconds": maintenanceSeconds,
        ]
        return texts.compactMapValues { $0 }.merging(numbers.compactMapValues { $0.map { String($0) } }) { $1 }
    }

    private var networking: [String: String] {
        let texts = [
            "listen": listen, "subnet": subnet, "bridge": bridge, "tls-listen": tlsListen,
            "tls-certificates": tlsCertificates, "routes": routes, "trusted-proxies": trustedProxies,
        ]
        let numbers = ["workers": workers, "hsts-seconds": hstsSeconds]
        let switches = ["https-redirect": httpsRedirect, "proxy-protocol": proxyProtocol]
        return texts.compactMapValues { $0 }
            .merging(numbers.compactMapValues { $0.map { String($0) } }) { $1 }
            .merging(switches.compactMapValues { $0.map { String($0) } }) { $1 }
    }
}
