package kubernetes.admission_test

import data.kubernetes.admission

cluster := {
	"registries": ["registry.example.com/", "registry.example.com:5000/"],
	"required_labels": ["app.kubernetes.io/name", "team"],
	"exempt_namespaces": ["kube-system"],
}

labels := {"app.kubernetes.io/name": "shop", "team": "checkout"}

good_container := {
	"name": "app",
	"image": "registry.example.com/shop/app:1.4.2",
	"resources": {"limits": {"cpu": "500m", "memory": "256Mi"}},
}

review(kind, namespace, spec) := {"request": {
	"operation": "CREATE",
	"kind": {"kind": kind},
	"namespace": namespace,
	"object": {"metadata": {"labels": labels}, "spec": spec},
}}

pod(container) := review("Pod", "shop", {"containers": [container]})

test_good_pod_admitted if {
	admission.allow with input as pod(good_container) with data.cluster as cluster
}

test_foreign_registry if {
	container := object.union(good_container, {"image": "docker.io/library/redis:7.2"})
	deny := admission.deny with input as pod(container) with data.cluster as cluster
	deny == {"container app: image docker.io/library/redis:7.2 is not from a registry of this cluster"}
}

test_latest if {
	container := object.union(good_container, {"image": "registry.example.com/shop/app:latest"})
	deny := admission.deny with input as pod(container) with data.cluster as cluster
	deny == {"container app: image registry.example.com/shop/app:latest needs a version other than latest"}
}

test_no_tag_behind_a_port if {
	container := object.union(good_container, {"image": "registry.example.com:5000/app"})
	deny := admission.deny with input as pod(container) with data.cluster as cluster
	deny == {"container app: image registry.example.com:5000/app needs a version other than latest"}
}

test_digest_is_a_version if {
	image := concat("@", ["registry.example.com/shop/app:latest", "sha256:4bf1"])
	container := object.union(good_container, {"image": image})
	admission.allow with input as pod(container) with data.cluster as cluster
}

test_privileged if {
	container := object.union(good_container, {"securityContext": {"privileged": true}})
	deny := admission.deny with input as pod(container) with data.cluster as cluster
	deny == {"container app: must not be privileged"}
}

test_unprivileged_said if {
	container := object.union(good_container, {"securityContext": {"privileged": false}})
	admission.allow with input as pod(container) with data.cluster as cluster
}

test_limits if {
	container := {"name": "app", "image": good_container.image}
	deny := admission.deny with input as pod(container) with data.cluster as cluster
	deny == {"container app: has no cpu limit", "container app: has no memory limit"}
}

test_labels if {
	deny := admission.deny with input as pod(good_container)
		with input.request.object.metadata.labels as {"team": "checkout"}
		with data.cluster as cluster
	deny == {"label app.kubernetes.io/name is missing"}
}

test_host_namespaces if {
	spec := {"hostNetwork": true, "hostPID": false, "hostIPC": true, "containers": [good_container]}
	deny := admission.deny with input as review("Pod", "shop", spec) with data.cluster as cluster
	deny == {"hostNetwork must not be set", "hostIPC must not be set"}
}

test_init_containers if {
	init := object.union(good_container, {"name": "init", "securityContext": {"privileged": true}})
	spec := {"containers": [good_container], "initContainers": [init]}
	deny := admission.deny with input as review("Pod", "shop", spec) with data.cluster as cluster
	deny == {"container init: must not be privileged"}
}

test_null_list_hides_nothing if {
	container := object.union(good_container, {"securityContext": {"privileged": true}})
	spec := {"containers": [container], "initContainers": null}
	deny := admission.deny with input as review("Pod", "shop", spec) with data.cluster as cluster
	deny == {"container app: must not be privileged"}
}

test_deployment if {
	container := object.union(good_container, {"securityContext": {"privileged": true}})
	spec := {"template": {"spec": {"containers": [container]}}}
	deny := admission.deny with input as review("Deployment", "shop", spec) with data.cluster as cluster
	deny == {"container app: must not be privileged"}
}

test_cron_job if {
	container := object.union(good_container, {"securityContext": {"privileged": true}})
	spec := {"jobTemplate": {"spec": {"template": {"spec": {"containers": [container]}}}}}
	deny := admission.deny with input as review("CronJob", "shop", spec) with data.cluster as cluster
	deny == {"container app: must not be privileged"}
}

test_exempt_namespace if {
	container := {"name": "proxy", "image": "docker.io/proxy", "securityContext": {"privileged": true}}
	spec := {"hostNetwork": true, "containers": [container]}
	admission.allow with input as review("Pod", "kube-system", spec) with data.cluster as cluster
}

test_delete_admitted if {
	admission.allow with input as {"request": {"operation": "DELETE", "kind": {"kind": "Pod"}}}
		with data.cluster as cluster
}
