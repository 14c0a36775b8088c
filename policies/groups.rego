# METADATA
# title: Groups, live
# description: |
#   Role-based access control over NATS: each group is a key-value bucket, named by the group's UUID,
#   and each decision reads the group as it is in NATS now. The keys of a bucket:
#
#   - `metadata`: an object with the group's `name`
#   - `members.<user>`: present for each member
#   - `permissions.<name>`: present for each permission of the group
#
#   Once a bucket is watched its keys stand under `data.nats.kv[<uuid>]`. The input names `user`,
#   `permission` and `groups`, the UUIDs of the groups to ask, most often from the user's token.
# scope: package
package groups

# METADATA
# description: Whether a group of the user, among those of the input, holds the permission.
# entrypoint: true
default allow := false

allow if count(granted_by) > 0

# METADATA
# description: The names of the groups that grant the permission to the user.
# entrypoint: true
granted_by contains name if {
	some group in input.groups

	# Also asks for the bucket to be watched, if it is not yet: the first decisions are a deny.
	nats.kv.watch_bucket(group)

	bucket := data.nats.kv[group]
	holds(bucket.members, input.user)
	holds(bucket.permissions, input.permission)
	name := bucket.metadata.name
}

# METADATA
# description: The groups that are not followed yet, so that a deny may still turn out otherwise.
# entrypoint: true
pending contains group if {
	some group in input.groups
	not nats.kv.watch_bucket(group)
}

# A key counts by being there, whatever its value, false included.
holds(keys, name) if _ = keys[name]
