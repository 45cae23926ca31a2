import Core
import Foundation

/// Invites in memory.
public struct InMemoryInviteStore: InviteStore {
    let tables: InMemoryTables

    public func insert(_ invite: Invite) async throws(PlatformError) {
        try tables.write { $0.invites.append(invite) }
    }

    public func invites() async throws(PlatformError) -> [Invite] { try tables.read { $0.invites } }

    public func delete(_ id: ID<Invite>) async throws(PlatformError) -> Bool {
        try tables.write { state in
            let count = state.invites.count
            state.invites.removeAll { $0.id == id }
            return state.invites.count < count
        }
    }

    public func redeem(_ digest: Data, for user: User, at date: Date) async throws(PlatformError) {
        try tables.write { (state) throws(PlatformError) in
            guard
                let index = state.invites.firstIndex(where: {
                    $0.digest == digest && $0.usedAt == nil && $0.expiresAt > date
                })
            else { throw PlatformError(.tokenInvalid, "this invite does not exist, was used or has expired") }
            let old = state.invites[index]
            state.invites[index] = Invite(
                id: old.id, digest: old.digest, label: old.label, createdBy: old.createdBy, createdAt: old.createdAt,
                expiresAt: old.expiresAt, usedAt: date)
            try state.add(user)
        }
    }
}
