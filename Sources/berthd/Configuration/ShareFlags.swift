import ArgumentParser

/// What apps may take of the machine and reach from it, as flags.
struct ShareFlags: ParsableArguments {
    @Option(help: "What builds reach: internet, none, or IPv4 ranges with or without :port. (default: internet)")
    var buildEgress: String?

    @Option(help: "What instances reach, in the same words. (default: internet)")
    var instanceEgress: String?

    @Option(
        help:
            "How builds share the processors: idle (they take what all else leaves) or low (an eighth of the usual weight). (default: idle)"
    )
    var buildPriority: String?

    @Option(help: "MiB of memory that a build step may use. (default: 1024)")
    var buildMemory: Int?

    @Option(help: "Processes that a build step may have at once. (default: 512)")
    var buildProcesses: Int?

    @Option(help: "Seconds that a build may take. (default: 1800)")
    var buildSeconds: Int?

    @Option(help: "MiB of output that a build step may write. (default: 16)")
    var buildOutput: Int?

    @Option(help: "MiB on disk that a release may have. (default: 4096)")
    var releaseSize: Int?

    @Option(help: "Files and folders that a release may have. (default: 500000)")
    var releaseFiles: Int?

    @Option(
        help: "Connections that a build or an instance may begin a second, for long; 0 for any number. (default: 200)")
    var newConnections: Int?

    @Option(help: "MiB of memory that a user's instances may use together. (default: three quarters of the machine's)")
    var userMemory: Int?

    @Option(help: "Processes that a user's instances may have together. (default: 8192)")
    var userProcesses: Int?

    @Option(help: "Processors that a user's instances may use together. (default: all)")
    var userCpus: Int?

    @Option(help: "Processors that a user's builds may use together. (default: all)")
    var userBuildCpus: Int?

    @Option(help: "MiB of memory that a user's builds may use together. (default: half of the machine's)")
    var userBuildMemory: Int?

    @Option(help: "MiB on disk that a user's apps may take together before none is built. (default: any number)")
    var userDisk: Int?

    @Option(help: "Releases that a channel keeps. (default: 10)")
    var keptReleases: Int?

    @Option(help: "MiB on disk that a channel's releases may take; older ones go sooner then. (default: any number)")
    var keptReleasesSize: Int?

    @Option(
        help:
            "MiB on disk that a channel's volumes may take before nothing is deployed to it; with a tenth more its app is stopped. (default: 5120)"
    )
    var volumeSize: Int?

    @Option(help: "MiB that the server keeps free on its disk: with less, nothing is deployed. (default: 1024)")
    var diskReserve: Int?

    var values: [String: String] {
        let numbers = [
            "build-memory": buildMemory, "build-processes": buildProcesses, "build-seconds": buildSeconds,
            "build-output": buildOutput, "release-size": releaseSize, "release-files": releaseFiles,
            "user-memory": userMemory, "user-processes": userProcesses, "user-build-memory": userBuildMemory,
            "user-cpus": userCpus, "user-build-cpus": userBuildCpus,
            "kept-releases": keptReleases, "kept-releases-size": keptReleasesSize, "disk-reserve": diskReserve,
            "volume-size": volumeSize, "user-disk": userDisk, "new-connections": newConnections,
        ]
        return numbers.compactMapValues { $0.map { String($0) } }
            .merging(
                [
                    "build-egress": buildEgress, "instance-egress": instanceEgress, "build-priority": buildPriority,
                ].compactMapValues { $0 }
            ) { $1 }
    }
}
