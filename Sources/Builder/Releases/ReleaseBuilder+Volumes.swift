import Blocking
import Core

extension ReleaseBuilder {
    /// The volumes as a build's last command sees them, with what they are mounted over in `files`.
    func volumeMounts(_ plan: RunPlan, _ request: BuildRequest) async throws(PlatformError) -> [VolumeMount] {
        guard plan.volumes != nil, let directory = configuration.volumes else { return [] }
        let files = layout.files(request.release)
        try await pool.run { () throws(PlatformError) in
            do {
                try VolumePoints.make(plan, in: FolderHandle(path: files))
            } catch {
                throw .ofFiles("the release could not be prepared for its volumes", error)
            }
        }
        return try await FolderVolumes(directory: directory, pool: pool).prepare(plan, of: request.channel)
    }
}
