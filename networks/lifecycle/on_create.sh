#!/bin/sh
# Brings up one node of a plain cluster: no workload manager, nothing installed, nothing downloaded.
#
# HyperPod runs it as root on each node, when the node is made, replaced or given new software; a status other than 0
# fails the node. So it may run any number of times, and only what would break the cluster ends it with 1.
# https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-lifecycle-best-practices-slurm.html
set -eu

here=$(cd "$(dirname "$0")" && pwd)
resources=${SAGEMAKER_RESOURCE_CONFIG_PATH:-/opt/ml/config/resource_config.json}
log_file=${PROVISIONING_LOG:-/var/log/provision/provisioning.log}
state=${NODE_STATE_DIR:-/opt/hyperpod-vpc}
dns_wait=${DNS_WAIT_SECONDS:-60}

mkdir -p "$(dirname "$log_file")" "$state"

# To standard output for CloudWatch, and to the file for whoever looks on the node.
log() {
    printf '%s on_create: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" | tee -a "$log_file"
}

# Print "<group> <part>" of this node: HyperPod tells each node of all, and an address of ours says which we are.
who_am_i() {
    python3 - "$resources" "$here/provisioning_parameters.json" "$(hostname -I)" <<'PY'
import json, sys

resources, parameters = (json.load(open(path)) for path in sys.argv[1:3])
mine = set(sys.argv[3].split())
groups = [
    group["Name"]
    for group in resources["InstanceGroups"]
    if any(instance["CustomerIpAddress"] in mine for instance in group["Instances"])
]
group = groups[0] if groups else "unknown"
parts = {parameters["controller_group"]: "controller", parameters.get("login_group"): "login"}
parts.update({worker["instance_group_name"]: "worker" for worker in parameters["worker_groups"]})
print(group, parts.get(group, "unknown"))
PY
}

# An agent restarts the resolver early in a node's life; for half a minute names may not resolve.
wait_for_dns() {
    waited=0
    until getent hosts checkip.amazonaws.com >/dev/null; do
        if [ "$waited" -ge "$dns_wait" ]; then
            log "WARNING: names do not resolve after ${waited} s. Check the VPC's DNS attributes and its DHCP options."
            return
        fi
        sleep 5
        waited=$((waited + 5))
    done
    log "names resolve"
}

log "started on $(uname -n), kernel $(uname -r)"
node=$(who_am_i) || node="unknown unknown"
case $node in
    "unknown unknown") log "WARNING: cannot tell which group this node is in; any error above says why." ;;
    *" unknown") log "WARNING: provisioning_parameters.json does not name the group ${node% *}. Give it the names of your groups." ;;
    *) log "this node is in group ${node% *}, as ${node#* }" ;;
esac
wait_for_dns
printf '%s\n' "$node" >"$state/node"
log "done"
