import Core
import Glibc
import Logging
import NIOSSL
import Synchronization

/// The certificates of a folder, each for the names in it, read again when the files change. Connections that are open keep
/// what they began with.
final class CertificateStore: Sendable {
    /// One certificate with its key, and the names that it is for.
    struct Entry: Sendable {
        let context: NIOSSLContext
        /// Lower case; may begin with `*.`.
        let names: [String]
    }

    private struct State {
        var byName: [String: NIOSSLContext] = [:]
        var fallback: NIOSSLContext?
        var stamp: [String] = []
    }

    private let folder: String
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the folder: `<name>.crt` (or `.pem`, the chain with the leaf first) beside `<name>.key`. The pair `default`, or
    /// else the first, answers clients that name no host or one that no certificate is for. Blocks.
    /// Throws `.invalid` when there is no pair, or one of them cannot be used.
    init(folder: String, logger: Logger) throws(PlatformError) {
        self.folder = folder
        self.logger = logger
        let stamp = Self.stamp(folder)
        state = Mutex(try Self.load(folder, stamp))
    }

    /// For a server name in lower case: exact before wildcard before the default.
    func context(for name: String?) -> NIOSSLContext? {
        state.withLock { state in
            guard let name else { return state.fallback }
            if let exact = state.byName[name] { return exact }
            if let dot = name.firstIndex(of: "."), let wildcard = state.byName["*" + name[dot...]] { return wildcard }
            return state.fallback
        }
    }

    /// Takes up files that changed. What cannot be used leaves everything as it was. Blocks.
    /// - Returns: whether the certificates are other ones now.
    @discardableResult
    func reload() -> Bool {
        let stamp = Self.stamp(folder)
        guard state.withLock({ $0.stamp }) != stamp else { return false }
        do throws(PlatformError) {
            let loaded = try Self.load(folder, stamp)
            state.withLock { $0 = loaded }
            logger.info("certificates reloaded", metadata: ["names": "\(loaded.byName.count)"])
            return true
        } catch {
            // Once for each change.
            state.withLock { $0.stamp = stamp }
            logger.error("certificates not reloaded", metadata: ["reason": "\(error.message)"])
            return false
        }
    }

    // MARK: - Reading

    private static func load(_ folder: String, _ stamp: [String]) throws(PlatformError) -> State {
        var state = State(stamp: stamp)
        for (name, certificate) in pairs(folder) {
            let entry = try entry(certificate: certificate, key: "\(folder)/\(name).key")
            for name in entry.names where state.byName[name] == nil { state.byName[name] = entry.context }
            if state.fallback == nil || name == "default" { state.fallback = entry.context }
        }
        guard state.fallback != nil else {
            throw .invalid("\(folder) holds no certificate: a file NAME.crt or NAME.pem with a NAME.key beside it")
        }
        return state
    }

    private static func entry(certificate path: String, key: String) throws(PlatformError) -> Entry {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(path)
            guard let leaf = chain.first else { throw PlatformError.invalid("\(path) holds no certificate") }
            let privateKey = try NIOSSLPrivateKey(file: key, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
            configuration.minimumTLSVersion = .tlsv12
            // Forward secret and authenticated only (RFC 9325 section 4.2).
            configuration.cipherSuiteValues = [
                .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            ]
            configuration.applicationProtocols = ["h2", "http/1.1"]
            return Entry(context: try NIOSSLContext(configuration: configuration), names: names(of: leaf))
        } catch let error as PlatformError {
            throw error
        } catch {
            throw PlatformError(
                .invalid, "\(path) and its key cannot be used", cause: String(describing: error))
        }
    }

    private static func names(of certificate: NIOSSLCertificate) -> [String] {
        certificate._subjectAlternativeNames().compactMap { name in
            guard name.nameType == .dnsName else { return nil }
            return String(decoding: name.contents, as: UTF8.self).lowercased()
        }
    }

    /// Certificate files with a key beside them, in the order of their names.
    private static func pairs(_ folder: String) -> [(name: String, certificate: String)] {
        entries(folder).compactMap { file in
            guard file.hasSuffix(".crt") || file.hasSuffix(".pem") else { return nil }
            let name = String(file.dropLast(4))
            return access("\(folder)/\(name).key", R_OK) == 0 ? (name, "\(folder)/\(file)") : nil
        }
    }

    private static func entries(_ folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names.sorted()
    }

    /// Tells whether a file has changed: what is there, how large, when written, which inode.
    private static func stamp(_ folder: String) -> [String] {
        let files = entries(folder).filter { name in [".crt", ".pem", ".key"].contains { name.hasSuffix($0) } }
        return files.map { name in
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0 else { return name }
            return "\(name) \(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
        }
    }
}
