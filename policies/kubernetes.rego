# METADATA
# title: Kubernetes admission
# description: |
#   What a cluster admits: images from known registries, with a version; no privileged containers; no
#   host namespaces; labels that say who to call; resource limits. The input is an AdmissionReview
#   (`admission.k8s.io/v1`) for a pod, or for something that makes pods.
#
#   `data.cluster` configures it: `registries` (prefixes of images), `required_labels`, and
#   `exempt_namespaces`, where the platform's own workloads run.
# scope: package
# related_resources:
# - https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
package kubernetes.admission

# METADATA
# description: Whether to admit the object.
# entrypoint: true
default allow := false

allow if count(deny) == 0

# METADATA
# description: What is wrong with the object, as messages for the person who applied it.
# entrypoint: true
deny contains msg if {
	restricted
	some container in containers
	not from_known_registry(container.image)
	msg := sprintf("container %s: image %s is not from a registry of this cluster", [
		container.name,
		container.image,
	])
}

deny contains msg if {
	restricted
	some container in containers
	floating(container.image)
	msg := sprintf("container %s: image %s needs a version other than latest", [
		container.name,
		container.image,
	])
}

deny contains msg if {
	restricted
	some container in containers
	container.securityContext.privileged
	msg := sprintf("container %s: must not be privileged", [container.name])
}

deny contains msg if {
	restricted
	some container in containers
	some resource in ["cpu", "memory"]
	not container.resources.limits[resource]
	msg := sprintf("container %s: has no %s limit", [container.name, resource])
}

deny contains msg if {
	restricted
	some label in data.cluster.required_labels
	not object_metadata.labels[label]
	msg := sprintf("label %s is missing", [label])
}

deny contains msg if {
	restricted
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	pod_spec[field] == true
	msg := sprintf("%s must not be set", [field])
}

# What is being deleted was admitted once; the platform's namespaces are the platform's business.
restricted if {
	input.request.operation in {"CREATE", "UPDATE"}
	not exempt
}

exempt if input.request.namespace in data.cluster.exempt_namespaces

object_metadata := input.request.object.metadata

# A pod has its specification directly, a cron job two levels deeper than a deployment.
pod_spec := input.request.object.spec if {
	input.request.kind.kind == "Pod"
} else := input.request.object.spec.jobTemplate.spec.template.spec if {
	input.request.kind.kind == "CronJob"
} else := input.request.object.spec.template.spec

# Whatever runs in the pod; a list that is missing or null has nothing in it.
containers := [container |
	some field in ["containers", "initContainers", "ephemeralContainers"]
	some container in pod_spec[field]
]

from_known_registry(image) if {
	some registry in data.cluster.registries
	startswith(image, registry)
}

# A digest pins an image whatever its tag is.
floating(image) if {
	not contains(image, "@sha256:")
	endswith(image, ":latest")
}

floating(image) if {
	not contains(image, "@sha256:")

	# A colon before the last slash belongs to the registry's port.
	segments := split(image, "/")
	not contains(segments[count(segments) - 1], ":")
}
