package rbac_test

import data.rbac

directory := {
	"users": {
		"alice": {"roles": ["viewer", "editor"]},
		"bob": {"roles": ["viewer"]},
		"carol": {"roles": ["operator"]},
		"dave": {"roles": ["editor"], "suspended": true},
		"erin": {"roles": ["retired-role"]},
	},
	"roles": {
		"viewer": {"grants": [{"action": "read", "resource": "*"}]},
		"editor": {"grants": [
			{"action": "write", "resource": "article"},
			{"action": "write", "resource": "picture"},
		]},
		"operator": {"grants": [{"action": "*", "resource": "cluster"}]},
	},
}

test_role_grants if {
	rbac.allow with input as {"user": "alice", "action": "write", "resource": "picture"}
		with data.directory as directory
}

test_any_resource if {
	rbac.allow with input as {"user": "bob", "action": "read", "resource": "invoice"}
		with data.directory as directory
}

test_any_action if {
	rbac.allow with input as {"user": "carol", "action": "restart", "resource": "cluster"}
		with data.directory as directory
}

test_other_resource_denied if {
	not rbac.allow with input as {"user": "carol", "action": "restart", "resource": "article"}
		with data.directory as directory
}

test_no_grant_denied if {
	not rbac.allow with input as {"user": "bob", "action": "write", "resource": "article"}
		with data.directory as directory
}

test_unknown_user_denied if {
	not rbac.allow with input as {"user": "mallory", "action": "read", "resource": "article"}
		with data.directory as directory
}

test_suspended_denied if {
	not rbac.allow with input as {"user": "dave", "action": "write", "resource": "article"}
		with data.directory as directory
}

test_role_without_entry_grants_nothing if {
	not rbac.allow with input as {"user": "erin", "action": "read", "resource": "article"}
		with data.directory as directory
}

test_empty_input_denied if {
	not rbac.allow with input as {} with data.directory as directory
}

test_roles if {
	rbac.roles == ["viewer", "editor"] with input as {"user": "alice"}
		with data.directory as directory
	rbac.roles == [] with input as {"user": "mallory"} with data.directory as directory
}

test_reason_granted if {
	rbac.reason == "granted by a role" with input as {"user": "bob", "action": "read", "resource": "x"}
		with data.directory as directory
}

test_reason_suspended if {
	rbac.reason == "the user is suspended" with input as {
		"user": "dave",
		"action": "write",
		"resource": "article",
	}
		with data.directory as directory
}

test_reason_unknown if {
	rbac.reason == "the user is not in the directory" with input as {"user": "mallory"}
		with data.directory as directory
}

test_reason_no_grant if {
	reason := rbac.reason with input as {"user": "bob", "action": "write", "resource": "article"}
		with data.directory as directory
	reason == "no role of bob grants write on article"
}

test_granting_ignores_suspension if {
	granting := rbac.granting with input as {"user": "dave", "action": "write", "resource": "article"}
		with data.directory as directory
	granting == {"editor"}
}
