// swift-tools-version: 6.1
import PackageDescription

// Settings that every Swift target of this package shares; applied in the loop at the end.
let sharedSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// MARK: - Products of other packages, by short name

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHPACK = Target.Dependency.product(name: "NIOHPACK", package: "swift-nio-http2")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "berth",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "berthd", targets: ["berthd"]),
        .executable(name: "berth", targets: ["berth"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.2"),
    ],
    targets: [
        // System libraries: a module map and a shim header each.
        .systemLibrary(name: "CGit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),

        // The inside: rules and values, and the one door to blocking calls.
        .target(name: "Core"),
        .target(name: "Blocking"),

        // Adapters. None imports another; they meet in Core's ports.
        .target(name: "Git", dependencies: ["CGit2", "CZlib", "Blocking", "Core"]),
        .target(
            name: "Postgres",
            dependencies: ["CLibpq", "Blocking", "Core", logging, serviceLifecycle, subprocess, systemPackage]),
        .target(name: "Store", dependencies: ["Blocking", "Core", crypto, grdb]),
        .target(name: "Control", dependencies: ["Core", crypto, logging]),
        .target(
            name: "GitServer",
            dependencies: ["Blocking", "CZlib", "Core", "Git", hummingbird, httpTypes, logging, nioCore]),
        .target(name: "Builder", dependencies: ["Blocking", "CZlib", "Core", crypto, logging, yams]),
        .target(
            name: "Runner",
            dependencies: ["Blocking", "Core", logging, serviceLifecycle, subprocess, systemPackage]),
        .target(name: "Hooks", dependencies: ["Blocking", "Core", logging, subprocess, systemPackage]),
        .target(
            name: "Router",
            dependencies: ["CLinux", "Core", logging, nioCore, nioHPACK, nioPosix, nioSSL, nioTLS, serviceLifecycle],
            // Debug builds and all tests check exclusive access; on the data path the checks cost a tenth of the time
            // (docs/decisions/0007-router-data-path.md).
            swiftSettings: [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]),
        .target(name: "API", dependencies: ["Control", "Core", hummingbird, httpTypes, logging, nioCore]),
        .target(
            name: "Dashboard", dependencies: ["Control", "Core", hummingbird, httpTypes, logging, mustache, nioCore]),

        // The programs.
        .executableTarget(
            name: "berthd",
            dependencies: [
                "API", "Blocking", "Builder", "Control", "Core", "Dashboard", "Git", "GitServer", "Hooks", "Postgres",
                "Router", "Runner", "Store", argumentParser, configuration, hummingbird, logging, nioPosix,
                serviceLifecycle,
                systemPackage, unixSignals,
            ]),
        .executableTarget(
            name: "RouterBench", dependencies: ["Core", "Router", logging], path: "Benchmarks/RouterBench"),
        .executableTarget(name: "berth", dependencies: [argumentParser, asyncHTTPClient, nioCore, nioHTTP1]),

        // The reference of the API's benchmark.
        .executableTarget(
            name: "bare-route", dependencies: [hummingbird, httpTypes, logging, nioCore],
            path: "Benchmarks/BareRoute"),

        // Tests.
        .target(name: "TestSupport", dependencies: ["Core", logging]),
        .target(
            name: "ControlTestSupport", dependencies: ["Control", "Core", "TestSupport", logging],
            path: "Tests/ControlTestSupport"),
        .testTarget(name: "CoreTests", dependencies: ["Core"]),
        .testTarget(
            name: "GitTests", dependencies: ["Blocking", "Core", "Git", "TestSupport"], exclude: ["Corpus"]),
        .testTarget(
            name: "GitServerTests",
            dependencies: [
                "Blocking", "Core", "Git", "GitServer", "TestSupport", hummingbird, httpTypes, logging, nioCore,
                serviceLifecycle,
            ], exclude: ["Corpus"]),
        .testTarget(name: "StoreTests", dependencies: ["Blocking", "Core", "Store", "TestSupport", crypto, grdb]),
        .testTarget(name: "PostgresTests", dependencies: ["Blocking", "Core", "Postgres", "TestSupport", logging]),
        .testTarget(
            name: "ControlTests", dependencies: ["Control", "ControlTestSupport", "Core", "TestSupport", logging]),
        .testTarget(name: "BuilderTests", dependencies: ["Blocking", "Builder", "Core", "TestSupport", logging]),
        .testTarget(name: "RunnerTests", dependencies: ["Core", "Runner", "TestSupport", logging, subprocess]),
        .testTarget(name: "HooksTests", dependencies: ["Core", "Hooks", "TestSupport", logging]),
        .testTarget(
            name: "RouterTests",
            dependencies: [
                "Control", "ControlTestSupport", "Core", "Router", "TestSupport", logging, nioCore, nioHPACK, nioPosix,
                nioSSL, serviceLifecycle,
            ], exclude: ["Corpus"]),
        .testTarget(
            name: "APITests",
            dependencies: [
                "API", "Control", "ControlTestSupport", "Core", "Store", "TestSupport", hummingbird,
                hummingbirdTesting, httpTypes, logging, nioCore,
            ]),
        .testTarget(
            name: "DashboardTests",
            dependencies: [
                "Control", "ControlTestSupport", "Core", "Dashboard", "TestSupport", hummingbird, hummingbirdTesting,
                httpTypes, nioCore,
            ]),
        .target(
            name: "ServerTestSupport", dependencies: ["TestSupport"], path: "Tests/ServerTestSupport"),
        .testTarget(name: "EndToEndTests", dependencies: ["Core", "ServerTestSupport", "TestSupport"]),
        .testTarget(
            name: "IsolationTests", dependencies: ["ServerTestSupport", "TestSupport"], exclude: ["Probes"]),
    ]
)

for target in package.targets where target.type != .system {
    target.swiftSettings = (target.swiftSettings ?? []) + sharedSettings
}
