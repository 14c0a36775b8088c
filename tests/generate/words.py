"""Words for generated policies."""

from __future__ import annotations

KINDS = (
    "Pod", "Deployment", "Service", "Ingress", "StatefulSet", "DaemonSet", "Job", "CronJob",
    "ConfigMap", "Secret", "Namespace", "Role", "RoleBinding", "NetworkPolicy", "Volume",
)  # fmt: skip
AREAS = (
    "admission", "storage", "network", "billing", "identity", "deploy", "registry", "audit",
    "quota", "gateway", "mesh", "search", "mail", "calendar", "orders", "payments", "shipping",
    "catalog", "reports", "sessions", "devices", "keys", "backups", "alerts",
)  # fmt: skip
THINGS = (
    "image", "label", "owner", "region", "team", "port", "replica", "volume", "secret", "token",
    "role", "group", "bucket", "queue", "topic", "invoice", "order", "device", "session", "branch",
    "release", "ticket", "tenant", "domain", "address", "certificate", "project", "budget",
)  # fmt: skip
PLACES = (
    "north", "south", "east", "west", "upper", "lower", "inner", "outer", "first", "second",
    "blue", "green", "grey", "amber", "alpha", "beta", "gamma", "delta", "omega", "sigma",
)  # fmt: skip
VERBS = (
    "read", "write", "list", "delete", "create", "approve", "reject", "export", "import_", "share",
    "archive", "restore", "publish", "cancel", "refund", "rotate", "scale", "drain",
)  # fmt: skip
SEVERITIES = ("low", "medium", "high", "critical")
TEAMS = ("platform", "security", "payments", "growth", "data", "support", "mobile", "core")
