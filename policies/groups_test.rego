package groups_test

import data.groups

developers := "660e8400-e29b-41d4-a716-446655440001"

readers := "770e8400-e29b-41d4-a716-446655440002"

buckets := {
	developers: {
		"metadata": {"name": "Developers"},
		"members": {"alice": {"since": "2024-01-15"}, "carol": false},
		"permissions": {"deploy": true, "read": false},
	},
	readers: {
		"metadata": {"name": "ReadOnly Users"},
		"members": {"alice": "", "bob": ""},
		"permissions": {"read": true},
	},
}

watched(_) := true

unwatched(_) := false

ask(user, permission) := {"user": user, "permission": permission, "groups": [developers, readers]}

test_member_with_permission if {
	groups.allow with input as ask("alice", "deploy")
		with data.nats.kv as buckets
		with nats.kv.watch_bucket as watched
}

test_permission_of_another_group if {
	not groups.allow with input as ask("bob", "deploy")
		with data.nats.kv as buckets
		with nats.kv.watch_bucket as watched
}

test_nobody if {
	not groups.allow with input as ask("mallory", "read")
		with data.nats.kv as buckets
		with nats.kv.watch_bucket as watched
}

test_presence_counts_not_value if {
	granted_by := groups.granted_by with input as ask("carol", "read")
		with data.nats.kv as buckets
		with nats.kv.watch_bucket as watched
	granted_by == {"Developers"}
}

test_all_granting_groups if {
	granted_by := groups.granted_by with input as ask("alice", "read")
		with data.nats.kv as buckets
		with nats.kv.watch_bucket as watched
	granted_by == {"Developers", "ReadOnly Users"}
}

test_deny_turns_to_allow if {
	not groups.allow with input as ask("bob", "audit")
		with data.nats.kv as buckets
		with nats.kv.watch_bucket as watched
	groups.allow with input as ask("bob", "audit")
		with data.nats.kv as object.union(buckets, {readers: {"permissions": {"audit": true}}})
		with nats.kv.watch_bucket as watched
}

test_unwatched_denies_and_says_so if {
	not groups.allow with input as ask("alice", "deploy")
		with nats.kv.watch_bucket as unwatched
	pending := groups.pending with input as ask("alice", "deploy")
		with nats.kv.watch_bucket as unwatched
	pending == {developers, readers}
}
