# Sourced by dist_*.sh and slurm_*.sh: how a script is started many times.
set -euo pipefail
tools=$(CDPATH= cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
export PYTHONPATH="${tools%/*}${PYTHONPATH:+:$PYTHONPATH}"

# usage COUNT ARGUMENTS...: the first comment of the script, if one is missing
usage() {
    if (($# - 1 < $1)); then
        sed -n '2,/^[^#]/s/^# \?//p' "$0" >&2
        exit 2
    fi
}

# by_torchrun GPUS SCRIPT ARGUMENTS...
by_torchrun() {
    local gpus=$1 rendezvous
    if [[ ${NNODES:-1} == 1 && -z ${PORT:-} ]]; then
        rendezvous=(--standalone) # at a free port
    else
        rendezvous=(--nnodes "${NNODES:-1}" --node-rank "${NODE_RANK:-0}"
            --master-addr "${MASTER_ADDR:-127.0.0.1}"
            --master-port "${PORT:-29500}")
    fi
    exec python -m torch.distributed.run "${rendezvous[@]}" \
        --nproc-per-node "$gpus" "${@:2}" --launcher pytorch
}

# by_srun PARTITION JOB_NAME SCRIPT ARGUMENTS...
by_srun() {
    local gpus=${GPUS:-8}
    local per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}
    export MASTER_PORT=${PORT:-${MASTER_PORT:-$((12000 + RANDOM % 20000))}}
    # SRUN_ARGS and PY_ARGS are several words each.
    # shellcheck disable=SC2086
    exec srun --partition "$1" --job-name "$2" --ntasks "$gpus" \
        --ntasks-per-node "$per_node" --gres "gpu:$per_node" \
        --cpus-per-task "${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 \
        ${SRUN_ARGS:-} python -u "${@:3}" --launcher slurm ${PY_ARGS:-}
}
