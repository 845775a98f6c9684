#!/usr/bin/env bash
# tools/slurm_index.sh PARTITION JOB_NAME VIDEOS COLLECTION --encoder FILE
# [options of tools/index.py]
# Environment: GPUS, GPUS_PER_NODE, CPUS_PER_TASK, PORT, SRUN_ARGS, PY_ARGS.
source "$(dirname "${BASH_SOURCE[0]}")/distributed.sh"
usage 6 "$@"
by_srun "$1" "$2" "$tools/index.py" "${@:3}"
