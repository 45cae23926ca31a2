import ArgumentParser
import Builder
import Foundation
import Git
import Postgres
import Runner

/// `berthd doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say which programs and libraries the server needs, whether they are there, and what to install.")

    @Option(help: "Folder of more templates, as for serve.")
    var templates: String?

    @Option(
        name: .customLong("config"), help: "Configuration file. (default: /etc/berth/config.yaml, when it is there)")
    var configurationFile: String?

    private struct Finding {
        let name: String
        /// Version or path; `nil` when it is missing.
        let found: String?
        let package: String
        let purpose: String
    }

    func run() async throws {
        let findings = await findings() + (try await packageFindings())
        let width = findings.map(\.name.count).max() ?? 0
        for finding in findings {
            let name = finding.name + String(repeating: " ", count: width - finding.name.count)
            if let found = finding.found {
                print("found    \(name)  \(found)")
            } else {
                print("missing  \(name)  \(finding.purpose): apt-get install \(finding.package)")
            }
        }
        let missing = findings.filter { $0.found == nil }
        guard missing.isEmpty else {
            let packages = Set(missing.map(\.package)).sorted().joined(separator: " ")
            print("\n\(missing.count) missing. Install them with: apt-get install \(packages)")
            throw ExitCode(1)
        }
        print("\nNothing is missing.")
    }

    /// What templates that name packages need; nothing when there are none.
    private func packageFindings() async throws -> [Finding] {
        do {
            let flags = templates.map { ["templates": $0] } ?? [:]
            let settings = try await Settings.read(flags: flags, file: configurationFile)
            let catalog = try TemplateCatalog(builtIn: settings.builtInTemplates, operatorFolder: settings.templates)
            let names = catalog.templates.filter(\.needsPackages).map(\.name)
            guard !names.isEmpty else { return [] }
            let program = RootfsStore.program
            let isFound = FileManager.default.isExecutableFile(atPath: program)
            return [
                Finding(
                    name: "mmdebstrap", found: isFound ? program : nil, package: "mmdebstrap",
                    purpose: "installs packages for the templates \(names.joined(separator: ", "))")
            ]
        } catch {
            throw CommandFailure(error)
        }
    }

    private func findings() async -> [Finding] {
        var findings = Libraries.linked.map {
            Finding(name: $0.name, found: $0.version, package: $0.package, purpose: "")
        }
        for program in await ProgramPaths.found().inspected() {
            findings.append(
                Finding(
                    name: program.name, found: program.isFound ? program.version ?? program.path : nil,
                    package: program.package, purpose: program.purpose))
        }
        for program in await PostgresPrograms.find() {
            findings.append(
                Finding(
                    name: program.name, found: program.path.map { program.version ?? $0 }, package: program.package,
                    purpose: "databases"))
        }
        return findings
    }
}
