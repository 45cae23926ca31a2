import Core
import Yams

/// Reads `berth.yaml`. Every key that it does not have is an error, so that a slip never passes quietly.
struct AppManifestParser {
    private static let keys = [
        "root", "build", "output", "start", "release", "health", "limits", "kind", "strategy", "sleep-after",
        "volumes",
    ]
    private static let healthKeys = ["path", "check", "seconds"]
    private static let limitKeys = ["memory", "cpu", "processes"]
    /// From ten seconds to a day.
    private static let sleepSeconds = 10...86_400

    /// Throws `.buildFailed` with the first problem; all of them go to the log.
    static func parse(_ bytes: [UInt8], log: any DeployLogSink) throws(PlatformError) -> AppManifest {
        let list = ProblemList(file: AppManifest.fileName)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PlatformError(.buildFailed, "\(AppManifest.fileName) is not UTF-8")
        }
        let manifest = manifest(text, list: list)
        let problems = list.problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) }
        guard let first = problems.first else { return manifest }
        if problems.count > 1 { problems.forEach { log.write($0.description) } }
        throw PlatformError(.buildFailed, first.description)
    }

    private static func manifest(_ text: String, list: ProblemList) -> AppManifest {
        if let name = YAMLAlias.name(in: text) {
            list.add("aliases are not read: write out what *\(name) stands for")
            return AppManifest()
        }
        let node = YAMLRoot.read(text, list: list)
        // A file of nothing but comments is a mapping without keys.
        guard let node, node.scalar?.string != "" else { return AppManifest() }
        guard let mapping = node.mapping else {
            list.add("the file must be a mapping with keys of: \(keys.joined(separator: ", "))", at: node.mark)
            return AppManifest()
        }
        let top = YAMLMapping(mapping, path: "", known: keys, list: list)
        var manifest = AppManifest()
        manifest.places = places(top, keys)
        manifest.root = folder(top, "root")
        manifest.build = top.texts("build", orOne: true)
        manifest.output = folder(top, "output")
        manifest.start = top.text("start")
        manifest.release = top.text("release")
        if let health = top.mapping("health", known: healthKeys) {
            manifest.places.merge(places(health, healthKeys)) { $1 }
            manifest.healthPath = health.text("path")
            if let path = manifest.healthPath, !RunPlan.isHealthPath(path) {
                health.report("health.path must begin with / and be printable ASCII", at: "path")
            }
            manifest.readySeconds = health.integer("seconds", in: RunPlan.readyRange)
            if let check = health.text("check") {
                manifest.readiness = RunPlan.Readiness(rawValue: check)
                if manifest.readiness == nil {
                    health.report("health.check must be http, tcp, file or up", at: "check")
                }
            }
        }
        if let limits = top.mapping("limits", known: limitKeys) {
            manifest.places.merge(places(limits, limitKeys)) { $1 }
            manifest.limits = Self.limits(limits)
        }
        if let kind = top.text("kind") {
            if kind == RunPlan.Kind.worker.rawValue {
                manifest.kind = .worker
            } else {
                top.report("kind must be worker; what else there is the template says", at: "kind")
            }
        }
        if let strategy = top.text("strategy") {
            manifest.strategy = RunPlan.Strategy(rawValue: strategy)
            if manifest.strategy == nil { top.report("strategy must be start-first or stop-first", at: "strategy") }
        }
        manifest.volumes = volumes(top)
        if manifest.volumes != nil, manifest.strategy == .startFirst {
            top.report(
                "strategy must be stop-first with volumes: two versions must not write to them at once", at: "strategy")
        }
        if let text = top.text("sleep-after") {
            manifest.sleepSeconds = seconds(text)
            if manifest.sleepSeconds == nil {
                top.report(
                    "sleep-after must be a number with s, m or h, such as 15m, from 10s to 24h", at: "sleep-after")
            } else if manifest.kind == .worker {
                top.report("sleep-after: a worker cannot sleep, since no request would wake it", at: "sleep-after")
            }
        }
        return manifest
    }

    private static func places(_ mapping: YAMLMapping, _ keys: [String]) -> [String: String] {
        var places: [String: String] = [:]
        for key in keys {
            if let mark = mapping.place(key) { places[mapping.name(key)] = "\(mark.line):\(mark.column)" }
        }
        return places
    }

    private static func volumes(_ top: YAMLMapping) -> [String]? {
        guard let texts = top.texts("volumes", orOne: true), !texts.isEmpty else { return nil }
        let names = texts.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        for (index, name) in names.enumerated() {
            if !VolumeName.isValid(name) {
                top.report(
                    "volumes must be folders inside the app's, such as data, of letters, digits, dots, - and _",
                    at: "volumes")
            } else if names[..<index].contains(where: { VolumeName.overlap($0, name) }) {
                top.report("volumes must not be inside one another: \(name)", at: "volumes")
            }
        }
        if names.count > VolumeName.maximumCount {
            top.report("volumes has \(names.count) folders; an app may have \(VolumeName.maximumCount)", at: "volumes")
        }
        return names
    }

    private static func seconds(_ text: String) -> Int? {
        guard let unit = text.last, let factor = ["s": 1, "m": 60, "h": 3600][unit], let number = Int(text.dropLast()),
            0 < number, number <= sleepSeconds.upperBound, sleepSeconds.contains(number * factor)
        else { return nil }
        return number * factor
    }

    /// A path below the root; `.` is the root itself, `nil`.
    private static func folder(_ top: YAMLMapping, _ key: String) -> String? {
        guard let text = top.text(key) else { return nil }
        var parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count > 1, parts.last?.isEmpty == true { parts.removeLast() }
        if parts.first == "." { parts.removeFirst() }
        guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
            top.report("\(key) must be a folder inside the repository, such as apps/web", at: key)
            return nil
        }
        return parts.isEmpty ? nil : parts.joined(separator: "/")
    }

    private static func limits(_ mapping: YAMLMapping) -> LimitRequest {
        var limits = LimitRequest()
        if let text = mapping.text("memory") {
            limits.memory = bytes(text)
            if limits.memory == nil {
                mapping.report("limits.memory must be a number with M or G, such as 512M, from 16M", at: "memory")
            }
        }
        if let text = mapping.text("cpu") {
            limits.milliCPU = Double(text).flatMap { 0.05...1024 ~= $0 ? Int($0 * 1000) : nil }
            if limits.milliCPU == nil {
                mapping.report("limits.cpu must be a number of processors, such as 0.5, from 0.05", at: "cpu")
            }
        }
        limits.processes = mapping.integer("processes", in: 4...1_000_000)
        return limits
    }

    private static func bytes(_ text: String) -> Int? {
        guard let unit = text.last, let shift = ["M": 20, "G": 30][unit], let number = Int(text.dropLast()),
            0 < number, number < 1 << 20
        else { return nil }
        let bytes = number << shift
        return bytes >= 16 << 20 ? bytes : nil
    }
}
