import Core

/// A user on the wire.
enum UserModel {
    static func json(_ user: User) -> JSONValue {
        [
            "user_id": .string(user.id.description),
            "username": .string(user.name.rawValue),
            "is_admin": .boolean(user.isAdmin),
            "created_at": .string(Timestamp.string(from: user.createdAt)),
        ]
    }
}
