# METADATA
# title: Role-based access control
# description: |
#   A user may do what one of their roles grants. Users and roles are base documents, loaded from
#   files or followed live:
#
#   - `data.directory.users[name]`: `roles` (array of role names), `suspended` (boolean, optional)
#   - `data.directory.roles[name]`: `grants` (array of objects with `action` and `resource`); either
#     may be `"*"`, which stands for all of them
#
#   The input names `user`, `action` and `resource`.
# scope: package
package rbac

# METADATA
# description: The decision. Whoever is unknown may do nothing.
# entrypoint: true
default allow := false

allow if {
	not suspended
	some role in roles
	some grant in data.directory.roles[role].grants
	covers(grant.action, input.action)
	covers(grant.resource, input.resource)
}

# METADATA
# description: The roles of the user; none for a user that the directory does not know.
default roles := []

roles := data.directory.users[input.user].roles

# METADATA
# description: Why the decision is what it is, for logs and for the person who was refused.
# entrypoint: true
reason := "granted by a role" if {
	allow
} else := "the user is suspended" if {
	suspended
} else := "the user is not in the directory" if {
	not data.directory.users[input.user]
} else := sprintf("no role of %s grants %s on %s", [input.user, input.action, input.resource])

# METADATA
# description: The roles that grant the request, suspended or not. Tells an auditor what to revoke.
# entrypoint: true
granting contains role if {
	some role in roles
	some grant in data.directory.roles[role].grants
	covers(grant.action, input.action)
	covers(grant.resource, input.resource)
}

suspended if data.directory.users[input.user].suspended

covers("*", _) := true

covers(pattern, name) if pattern == name
