# METADATA
# title: HTTP API authorisation
# description: |
#   Who may call which endpoint of a shop's API. The input describes one request:
#
#   - `method`, and `path` as an array of segments: `["v1", "users", "u42", "orders"]`
#   - `token`: the claims of a verified token (`sub`, `exp`, `scope`, `tenant`, `roles`), or absent
#   - `time`: seconds since 1970, by the gateway's clock
#
#   `data.api.tenants[id].blocked` shuts out a tenant; `data.api.orders[id].owner` owns an order.
# scope: package
package httpapi

# METADATA
# description: The decision.
# entrypoint: true
default allow := false

# Health checks and the catalogue are for everybody.
allow if public

# Users read and change what is theirs.
allow if {
	authenticated
	["v1", "users", user, _] = input.path
	user == claims.sub
	input.method in {"GET", "PUT", "PATCH"}
	has_scope("profile")
}

# The owner sees an order, and cancels it while it is open.
allow if {
	authenticated
	input.method == "GET"
	order.owner == claims.sub
	has_scope("orders:read")
}

allow if {
	authenticated
	input.method == "DELETE"
	order.owner == claims.sub
	order.state == "open"
	has_scope("orders:write")
}

allow if {
	authenticated
	input.method == "POST"
	input.path == ["v1", "orders"]
	has_scope("orders:write")
}

# The staff of a tenant see all of its orders; administrators also change them.
allow if {
	authenticated
	input.method == "GET"
	["v1", "tenants", tenant, "orders"] = input.path
	tenant == claims.tenant
	some role in claims.roles
	role in {"staff", "admin"}
}

allow if {
	authenticated
	input.method in {"PUT", "PATCH", "DELETE"}
	["v1", "tenants", tenant, "orders", _] = input.path
	tenant == claims.tenant
	"admin" in claims.roles
}

public if {
	input.method == "GET"
	input.path == ["health"]
}

public if {
	input.method in {"GET", "HEAD"}
	input.path[0] == "v1"
	input.path[1] == "products"
}

claims := input.token

# The order that the path names.
order := data.api.orders[input.path[2]] if ["v1", "orders", _] = input.path

# METADATA
# description: The token says who calls, has not expired, and its tenant is not blocked.
authenticated if {
	claims.sub != ""
	input.time < claims.exp
	not data.api.tenants[claims.tenant].blocked
}

# A token's scope is one string, its parts separated by spaces (RFC 8693, section 4.2).
has_scope(name) if name in split(claims.scope, " ")

# METADATA
# description: The HTTP status for a gateway to answer with.
# entrypoint: true
status := 200 if {
	allow
} else := 403 if {
	authenticated
} else := 401
