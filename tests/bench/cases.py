"""The decisions that are measured: policies of ``policies/``, data and inputs made for them.

Everything is generated from fixed seeds, so that two runs measure the same. Inputs vary as
requests in a service do, and about half of them are refused.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import peers

POLICIES = Path(__file__).resolve().parents[2] / "policies"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One decision over many inputs.

    Attributes:
        name: what the tables call it.
        modules: Rego text by file name.
        query: the decision, as ``data.rbac.allow``.
        data: the base documents.
        inputs: what is decided about, one after the other.
        by_hand: the same decision in Python, of data and input.
        shared: the decision is a part of the documents, which hand-written code gives out as it
            is. Then regolive's ``Result.rego`` is measured, which does the same; ``Result.value``
            would be a copy.
    """

    name: str
    modules: Mapping[str, str]
    query: str
    data: Document
    inputs: Sequence[Document]
    by_hand: Callable[[Document, Document], Any]
    shared: bool = False


def all_cases() -> list[Case]:
    """The four cases that the bars are about."""
    return [rbac(), kubernetes(), http_api(), demo()]


def read_policy(name: str) -> dict[str, str]:
    """A module of ``policies/`` by its file name."""
    return {name: (POLICIES / name).read_text(encoding="utf-8")}


# Role-based access control: 1,000 users, 20 roles.

ACTIONS = ("read", "list", "create", "update", "delete", "approve")
RESOURCES = (
    *("invoice", "order", "customer", "product", "shipment", "refund", "report", "ticket"),
    *("campaign", "price", "contract", "supplier", "employee", "payroll", "dashboard"),
)


def directory(users: int = 1000, roles: int = 20) -> Document:
    """Users with one to three roles each, and roles with three to twelve grants each."""
    rng = random.Random(20)
    names = [f"role-{number:02}" for number in range(roles)]
    granted = {
        role: {
            "grants": [
                {"action": rng.choice(ACTIONS), "resource": rng.choice(RESOURCES)}
                for _ in range(rng.randint(3, 12))
            ]
        }
        for role in names
    }
    granted[names[0]]["grants"].append({"action": "read", "resource": "*"})
    granted[names[1]]["grants"].append({"action": "*", "resource": "ticket"})
    people: Document = {}
    for number in range(users):
        person: Document = {"roles": rng.sample(names, rng.randint(1, 3))}
        if number % 40 == 7:
            person["suspended"] = True
        people[f"user-{number:04}"] = person
    return {"users": people, "roles": granted}


def rbac() -> Case:
    """May the user do this? Roles, their grants, wildcards, suspension."""
    known = directory()
    rng = random.Random(21)
    inputs = []
    for number in range(200):
        user = f"user-{rng.randrange(1000):04}"
        grants = [
            grant
            for role in known["users"][user]["roles"]
            for grant in known["roles"][role]["grants"]
            if "*" not in grant.values()
        ]
        request = {"action": rng.choice(ACTIONS), "resource": rng.choice(RESOURCES)}
        if number % 2 and grants:
            request = dict(rng.choice(grants))
        if number % 50 == 10:
            user = f"stranger-{number}"
        inputs.append({"user": user, **request})
    return Case(
        "rbac",
        read_policy("rbac.rego"),
        "data.rbac.allow",
        {"directory": known},
        inputs,
        peers.rbac_allow,
    )


# Kubernetes admission.

CLUSTER = {
    "registries": [
        "registry.example.com/",
        "registry.example.com:5000/",
        "quay.example.net/platform/",
    ],
    "required_labels": ["app.kubernetes.io/name", "app.kubernetes.io/version", "team"],
    "exempt_namespaces": ["kube-system", "monitoring", "ingress"],
}


def kubernetes() -> Case:
    """What is wrong with the pod, the deployment or the cron job?"""
    rng = random.Random(22)
    inputs = [_review(rng, faulty=bool(number % 2)) for number in range(60)]
    return Case(
        "kubernetes",
        read_policy("kubernetes.rego"),
        "data.kubernetes.admission.deny",
        {"cluster": CLUSTER},
        inputs,
        peers.kubernetes_deny,
    )


def _container(rng: random.Random, name: str, faulty: bool) -> Document:
    image = rng.choice(CLUSTER["registries"]) + f"{name}:{rng.randint(1, 9)}.{rng.randint(0, 30)}"
    container: Document = {
        "name": name,
        "image": image,
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "REGION", "value": "eu-1"}],
        "resources": {
            "requests": {"cpu": "100m", "memory": "64Mi"},
            "limits": {"cpu": "500m", "memory": "256Mi"},
        },
        "securityContext": {"runAsNonRoot": True, "privileged": False},
    }
    if faulty:
        fault = rng.randrange(4)
        if fault == 0:
            container["image"] = f"docker.io/library/{name}:7.2"
        elif fault == 1:
            container["image"] = image.rsplit(":", 1)[0] + ":latest"
        elif fault == 2:
            container["securityContext"]["privileged"] = True
        else:
            del container["resources"]["limits"]["memory"]
    return container


def _review(rng: random.Random, *, faulty: bool) -> Document:
    names = rng.sample(["app", "proxy", "agent", "cache"], rng.randint(1, 3))
    culprit = rng.choice(names) if faulty else None
    spec: Document = {
        "serviceAccountName": "shop",
        "containers": [_container(rng, name, name == culprit) for name in names],
    }
    if rng.random() < 0.3:
        spec["initContainers"] = [_container(rng, "migrate", False)]
    if faulty and rng.random() < 0.2:
        spec["hostNetwork"] = True
    labels = {"app.kubernetes.io/name": "shop", "app.kubernetes.io/version": "1.4", "team": "web"}
    if faulty and rng.random() < 0.3:
        del labels["team"]
    kind = rng.choices(["Pod", "Deployment", "CronJob"], [3, 6, 1])[0]
    if kind == "Deployment":
        spec = {"replicas": 3, "template": {"metadata": {"labels": labels}, "spec": spec}}
    elif kind == "CronJob":
        template = {"metadata": {"labels": labels}, "spec": spec}
        spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}
    namespace = rng.choices(["shop", "billing", "kube-system"], [6, 3, 1])[0]
    number = rng.randrange(10**6)
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": f"705ab4f5-6393-11e8-b7cc-{number:012}",
            "operation": rng.choices(["CREATE", "UPDATE"], [3, 1])[0],
            "kind": {"group": "", "version": "v1", "kind": kind},
            "namespace": namespace,
            "userInfo": {"username": "deployer", "groups": ["system:authenticated"]},
            "object": {
                "metadata": {"name": f"shop-{number}", "namespace": namespace, "labels": labels},
                "spec": spec,
            },
        },
    }


# An HTTP API.

NOW = 1_780_000_000


def http_api() -> Case:
    """May this request pass? Public endpoints, owners, scopes, tenants' staff."""
    rng = random.Random(23)
    tenants = {f"tenant-{n}": {"plan": "pro", "blocked": n == 3} for n in range(10)}
    states = ["open", "paid", "shipped"]
    orders = {
        f"order-{n:03}": {"owner": f"u{n % 60}", "state": rng.choice(states), "total": 10 * n}
        for n in range(300)
    }
    inputs = [_request(rng, orders) for _ in range(200)]
    return Case(
        "httpapi",
        read_policy("httpapi.rego"),
        "data.httpapi.allow",
        {"api": {"tenants": tenants, "orders": orders}},
        inputs,
        peers.http_api_allow,
    )


def _request(rng: random.Random, orders: Document) -> Document:
    subject = rng.randrange(60)
    token = {
        "iss": "https://id.example.com",
        "sub": f"u{subject}",
        "exp": NOW + rng.choice([600, 600, 600, 600, -5]),
        "scope": rng.choice(["profile orders:read orders:write", "openid profile orders:read"]),
        "tenant": f"tenant-{subject % 10}",
        "roles": rng.choice([[], [], ["staff"], ["support", "admin"]]),
    }
    order = rng.choice(sorted(orders))
    if rng.random() < 0.6:
        order = f"order-{subject + 60 * rng.randrange(5):03}"
    tenant = f"tenant-{rng.choice([subject % 10, rng.randrange(10)])}"
    method, path = rng.choice(
        [
            ("GET", ["health"]),
            ("GET", ["v1", "products", str(rng.randrange(1000))]),
            ("GET", ["v1", "users", f"u{rng.choice([subject, 1])}", "address"]),
            ("PATCH", ["v1", "users", f"u{subject}", "address"]),
            ("GET", ["v1", "orders", order]),
            ("DELETE", ["v1", "orders", order]),
            ("POST", ["v1", "orders"]),
            ("GET", ["v1", "tenants", tenant, "orders"]),
            ("PUT", ["v1", "tenants", tenant, "orders", order]),
            ("GET", ["v1", "secrets"]),
        ]
    )
    request: Document = {"method": method, "path": path, "time": NOW, "headers": {"accept": "*/*"}}
    if rng.random() < 0.95:
        request["token"] = token
    return request


# The demo: groups in NATS buckets.

GROUPS = {
    "550e8400-e29b-41d4-a716-446655440000": "Administrators",
    "660e8400-e29b-41d4-a716-446655440001": "Developers",
    "770e8400-e29b-41d4-a716-446655440002": "ReadOnly Users",
}

# regopy has no nats builtins. Where it is a peer, they are functions over the same documents.
STAND_IN = """\
package standin

watch_bucket(bucket) if data.nats.kv[bucket]

get_data(_, _) := null
"""


def buckets() -> Document:
    """The sample buckets of the demo as they stand in ``data`` once they are watched."""
    people = ["alice", "bob", "carol", "dave", "erin", "frank"]
    found: Document = {}
    for number, (bucket, name) in enumerate(GROUPS.items()):
        found[bucket] = {
            "metadata": {"name": name, "created": "2024-01-15T10:00:00Z"},
            "members": {
                person: {"role": "member", "since": "2024-02-01"} for person in people[number:]
            },
            "permissions": {"read": True, "write": number < 2, "admin": number == 0},
        }
    return found


def demo() -> Case:
    """The policy of the demo with its buckets watched: the group's document, whole."""
    (text,) = read_policy("demo.rego").values()
    modules = {"demo.rego": text.replace("nats.kv.watch_bucket(", "data.standin.watch_bucket(")}
    modules["demo.rego"] = modules["demo.rego"].replace(
        "nats.kv.get_data(", "data.standin.get_data("
    )
    modules["standin.rego"] = STAND_IN
    unknown = "880e8400-e29b-41d4-a716-446655440003"
    return Case(
        "demo",
        modules,
        "data.test",
        {"nats": {"kv": buckets()}},
        [{"bucket_id": bucket} for bucket in (*GROUPS, unknown)],
        peers.demo_document,
        shared=True,
    )
