package httpapi_test

import data.httpapi

api := {
	"tenants": {"acme": {"blocked": false}, "umbrella": {"blocked": true}},
	"orders": {
		"o1": {"owner": "u1", "state": "open"},
		"o2": {"owner": "u1", "state": "shipped"},
		"o3": {"owner": "u2", "state": "open"},
	},
}

user := {
	"sub": "u1",
	"exp": 2000,
	"scope": "profile orders:read orders:write",
	"tenant": "acme",
	"roles": [],
}

staff := object.union(user, {"sub": "s1", "roles": ["staff"]})

admin := object.union(user, {"sub": "a1", "roles": ["support", "admin"]})

request(method, path, token) := {"method": method, "path": path, "token": token, "time": 1000}

test_health_without_token if {
	httpapi.allow with input as {"method": "GET", "path": ["health"], "time": 1000} with data.api as api
}

test_health_is_read_only if {
	not httpapi.allow with input as {"method": "POST", "path": ["health"]} with data.api as api
}

test_catalogue_without_token if {
	httpapi.allow with input as {"method": "HEAD", "path": ["v1", "products", "p1"]} with data.api as api
}

test_own_profile if {
	httpapi.allow with input as request("PATCH", ["v1", "users", "u1", "address"], user)
		with data.api as api
}

test_profile_of_another if {
	not httpapi.allow with input as request("GET", ["v1", "users", "u2", "address"], user)
		with data.api as api
}

test_profile_cannot_be_deleted if {
	not httpapi.allow with input as request("DELETE", ["v1", "users", "u1", "address"], user)
		with data.api as api
}

test_scope_is_needed if {
	token := object.union(user, {"scope": "profiles orders:reader"})
	not httpapi.allow with input as request("GET", ["v1", "users", "u1", "address"], token)
		with data.api as api
	not httpapi.allow with input as request("GET", ["v1", "orders", "o1"], token) with data.api as api
}

test_own_order if {
	httpapi.allow with input as request("GET", ["v1", "orders", "o1"], user) with data.api as api
}

test_order_of_another if {
	not httpapi.allow with input as request("GET", ["v1", "orders", "o3"], user) with data.api as api
}

test_order_that_is_not if {
	not httpapi.allow with input as request("GET", ["v1", "orders", "o9"], user) with data.api as api
}

test_cancel_open_order if {
	httpapi.allow with input as request("DELETE", ["v1", "orders", "o1"], user) with data.api as api
}

test_shipped_order_stays if {
	not httpapi.allow with input as request("DELETE", ["v1", "orders", "o2"], user) with data.api as api
}

test_place_order if {
	httpapi.allow with input as request("POST", ["v1", "orders"], user) with data.api as api
}

test_staff_sees_orders_of_its_tenant if {
	httpapi.allow with input as request("GET", ["v1", "tenants", "acme", "orders"], staff)
		with data.api as api
	not httpapi.allow with input as request("GET", ["v1", "tenants", "other", "orders"], staff)
		with data.api as api
}

test_user_is_not_staff if {
	not httpapi.allow with input as request("GET", ["v1", "tenants", "acme", "orders"], user)
		with data.api as api
}

test_admin_changes_orders if {
	httpapi.allow with input as request("PUT", ["v1", "tenants", "acme", "orders", "o3"], admin)
		with data.api as api
	not httpapi.allow with input as request("PUT", ["v1", "tenants", "acme", "orders", "o3"], staff)
		with data.api as api
}

test_expired_token if {
	token := object.union(user, {"exp": 1000})
	not httpapi.allow with input as request("GET", ["v1", "orders", "o1"], token) with data.api as api
}

test_blocked_tenant if {
	token := object.union(user, {"tenant": "umbrella"})
	not httpapi.allow with input as request("GET", ["v1", "orders", "o1"], token) with data.api as api
}

test_unknown_endpoint if {
	not httpapi.allow with input as request("GET", ["v1", "secrets"], admin) with data.api as api
}

test_status if {
	httpapi.status == 200 with input as request("GET", ["health"], user) with data.api as api
	httpapi.status == 403 with input as request("GET", ["v1", "orders", "o3"], user) with data.api as api
	httpapi.status == 401 with input as {"method": "GET", "path": ["v1", "orders", "o3"]}
		with data.api as api
}
