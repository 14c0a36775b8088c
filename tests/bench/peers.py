"""The decisions of ``policies/`` written by hand in Python, as a service would have them.

Plain and idiomatic: neither held back nor tuned beyond what a developer would write. Each takes the
base documents and the input, and gives what the policy gives, as plain JSON.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]


def rbac_allow(data: Document, request: Document) -> bool:
    """``data.rbac.allow``"""
    directory = data["directory"]
    user = directory["users"].get(request["user"])
    if user is None or user.get("suspended", False):
        return False
    for name in user["roles"]:
        role = directory["roles"].get(name)
        if role is None:
            continue
        for grant in role["grants"]:
            if grant["action"] in ("*", request["action"]) and grant["resource"] in (
                "*",
                request["resource"],
            ):
                return True
    return False


def kubernetes_deny(data: Document, review: Document) -> list[str]:
    """``data.kubernetes.admission.deny``, sorted as sets are in JSON."""
    cluster = data["cluster"]
    request = review["request"]
    if request["operation"] not in ("CREATE", "UPDATE"):
        return []
    if request.get("namespace") in cluster["exempt_namespaces"]:
        return []
    messages = []
    spec = _pod_spec(request)
    for container in _containers(spec):
        name, image = container["name"], container["image"]
        if not any(image.startswith(registry) for registry in cluster["registries"]):
            messages.append(
                f"container {name}: image {image} is not from a registry of this cluster"
            )
        if _is_floating(image):
            messages.append(f"container {name}: image {image} needs a version other than latest")
        if container.get("securityContext", {}).get("privileged", False):
            messages.append(f"container {name}: must not be privileged")
        limits = container.get("resources", {}).get("limits", {})
        for resource in ("cpu", "memory"):
            if resource not in limits:
                messages.append(f"container {name}: has no {resource} limit")
    labels = request["object"]["metadata"].get("labels", {})
    for label in cluster["required_labels"]:
        if label not in labels:
            messages.append(f"label {label} is missing")
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field) is True:
            messages.append(f"{field} must not be set")
    return sorted(set(messages))


def _pod_spec(request: Document) -> Document:
    spec: Document = request["object"]["spec"]
    kind = request["kind"]["kind"]
    if kind == "Pod":
        return spec
    if kind == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec["template"]["spec"]  # type: ignore[no-any-return]


def _containers(spec: Document) -> Iterator[Document]:
    for field in ("containers", "initContainers", "ephemeralContainers"):
        yield from spec.get(field) or ()


def _is_floating(image: str) -> bool:
    if "@sha256:" in image:
        return False
    return image.endswith(":latest") or ":" not in image.rsplit("/", maxsplit=1)[-1]


def http_api_allow(data: Document, request: Document) -> bool:
    """``data.httpapi.allow``"""
    method, path = request["method"], request["path"]
    if method == "GET" and path == ["health"]:
        return True
    if method in ("GET", "HEAD") and path[:2] == ["v1", "products"]:
        return True
    api = data["api"]
    token = request.get("token")
    if token is None or not _is_authenticated(api, token, request["time"]):
        return False
    match path:
        case ["v1", "users", user, _]:
            return (
                user == token["sub"]
                and method in ("GET", "PUT", "PATCH")
                and _has_scope(token, "profile")
            )
        case ["v1", "orders"]:
            return method == "POST" and _has_scope(token, "orders:write")
        case ["v1", "orders", number]:
            order = api["orders"].get(number)
            if order is None or order["owner"] != token["sub"]:
                return False
            if method == "GET":
                return _has_scope(token, "orders:read")
            return (
                method == "DELETE"
                and order["state"] == "open"
                and _has_scope(token, "orders:write")
            )
        case ["v1", "tenants", tenant, "orders"]:
            return (
                method == "GET"
                and tenant == token["tenant"]
                and any(role in ("staff", "admin") for role in token["roles"])
            )
        case ["v1", "tenants", tenant, "orders", _]:
            return (
                method in ("PUT", "PATCH", "DELETE")
                and tenant == token["tenant"]
                and "admin" in token["roles"]
            )
    return False


def _is_authenticated(api: Document, token: Document, now: int) -> bool:
    if token["sub"] == "" or now >= token["exp"]:
        return False
    tenant = api["tenants"].get(token["tenant"], {})
    return not tenant.get("blocked", False)


def _has_scope(token: Document, name: str) -> bool:
    return name in token["scope"].split(" ")


def demo_document(data: Document, request: Document) -> Document:
    """``data.test`` of the demo, whose builtins are functions here as they are in the stand-in."""
    bucket = request["bucket_id"]
    watched = _watch_bucket(data, bucket)
    found = data["nats"]["kv"][bucket] if watched else _get_data(bucket, "members")
    return {"bucket_watched": watched, "x": found}


def _watch_bucket(data: Document, bucket: str) -> bool:
    return bucket in data["nats"]["kv"]


def _get_data(bucket: str, path: str) -> Any:
    return None  # static data: what is not in the documents is nowhere


def scaling_allow(data: Document, request: Document) -> bool:
    """``data.scaling.allow``"""
    user = data["users"].get(request["user"])
    return user is not None and user["active"]
